import { compileClientAuth, createServices, toSourceFactory } from '../auth/index.ts'
import type { ClientAuthConfig, FactoryOf } from '../auth/index.ts'
import { envelopeSourceKind } from '../client/index.ts'
import type { Services } from '../core/index.ts'
import { messageIdentity } from '../transports/messages/index.ts'
import type { MessageIdentity } from '../transports/messages/index.ts'

export { guardMessages, refusalHeaders } from '../transports/messages/index.ts'
export type * from '../transports/messages/index.ts'

/** Makes what puts our identity on published messages; throws ConfigError. */
export function attachIdentity(auth: ClientAuthConfig, services?: Partial<Services>): MessageIdentity {
  return messageIdentity(compileClientAuth(auth, createServices(services), 'auth'))
}

/** The imperative form of `envelopeConfig` on the publishing side. */
export const envelope: FactoryOf<typeof envelopeSourceKind> = toSourceFactory(envelopeSourceKind, 'envelope')
