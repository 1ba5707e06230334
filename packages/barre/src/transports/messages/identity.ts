import type { CredentialSource, Need } from '../../core/index.ts'
import { obtain, toAuthorization, toCaller } from '../fetch/index.ts'
import type { CallerRequest } from '../fetch/index.ts'

/** A message about to be published. */
export interface OutgoingMessage {
  /** The topic, queue or subject that it is published to. */
  readonly target: string
  readonly payload: Uint8Array | string
  /** The inbound request or message on whose behalf it is sent, for sources that propagate or infer. */
  readonly caller?: CallerRequest
  /** For sources that obtain a token per audience and scope. */
  readonly audience?: string
  readonly scopes?: readonly string[]
}

/** Who we are, for messages: what a consumer with `auth` will know their sender by. */
export interface MessageIdentity {
  /** The headers to publish a message with. Throws CredentialError where no credential could be had. */
  headersFor(message: OutgoingMessage): Promise<{ readonly authorization: string }>
  ready(): boolean
  close(): Promise<void>
}

/** Publishes with the credentials of a source. */
export function messageIdentity(source: CredentialSource): MessageIdentity {
  return {
    async headersFor(message) {
      return { authorization: toAuthorization(await obtain(source, toNeed(message))) }
    },
    ready: () => source.ready?.() ?? true,
    close: async () => source.close?.(),
  }
}

function toNeed({ target, payload, caller, audience, scopes }: OutgoingMessage): Need {
  const from = caller && toCaller(caller)
  return {
    method: 'PUBLISH',
    target,
    payload: () => (typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload),
    ...(from !== undefined && { caller: from }),
    ...(audience !== undefined && { audience }),
    ...(scopes !== undefined && { scopes }),
  }
}
