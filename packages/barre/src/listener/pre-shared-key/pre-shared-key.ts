import { ok, refuse, toPrincipal } from '../../core/index.ts'
import type { Provider, ProviderKind } from '../../core/index.ts'
import { preSharedKeyShape } from './config.ts'
import type { PreSharedKeyConfig } from './config.ts'

/** `{ preSharedKeyConfig: {...} }` */
export const preSharedKeyKind: ProviderKind<'preSharedKeyConfig', PreSharedKeyConfig> = {
  key: 'preSharedKeyConfig',
  shape: preSharedKeyShape,
  create: createPreSharedKey,
}

function createPreSharedKey({ identities }: PreSharedKeyConfig): Provider<string> {
  return {
    schemes: [],
    needsPreSharedKey: true,
    read: ({ peer }) => (peer.preSharedKeyIdentity === undefined ? undefined : ok(peer.preSharedKeyIdentity)),
    verify(identity) {
      const scopes = Object.hasOwn(identities, identity) ? identities[identity] : undefined
      if (scopes === undefined) return refuse('invalid', 'the pre-shared key is of no known identity')
      const name = `psk:${identity}`
      return ok({ principal: toPrincipal({ id: name, username: name, scheme: 'pre-shared-key', scopes }) })
    },
    challenges: () => [],
  }
}
