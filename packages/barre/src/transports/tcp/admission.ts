import { announce, chain, ConfigError, guard, refuse, toRefusal, watch } from '../../core/index.ts'
import type {
  Awaitable,
  Call,
  Decision,
  Denial,
  Peer,
  Policy,
  Principal,
  Rules,
  Services,
} from '../../core/index.ts'

// What connections that carry no metadata have in common: all they show is who is at their other end.

/** Throws ConfigError where an entry reads the client certificate, and no client would be asked for one. */
export function requireCertificates(
  rules: Rules,
  secureSocket: { readonly mutualSsl?: unknown } | undefined,
): void {
  if (!rules.needsClientCertificate || secureSocket?.mutualSsl !== undefined) return
  throw new ConfigError(
    'auth',
    'an entry reads the client certificate, and the server asks for none: set secureSocket.mutualSsl',
  )
}

/** A connection as a call: `target` is where it arrived, as in `tcp://127.0.0.1:3000`. */
export function toConnectCall(target: string, peer: Peer, signal: AbortSignal): Call {
  return { method: 'CONNECT', target, peer, signal, metadata: () => none }
}

const none: readonly never[] = []

/** Whether a connection is let in, and as whom; without a policy anybody is. The decision is published. */
export function judgeConnection(
  policy: Policy | undefined,
  call: Call,
  services: Pick<Services, 'now'>,
): Awaitable<Decision> {
  if (policy === undefined) return { ok: true, reply: none }
  return chain(guard(policy, call), (decision) => {
    const endsAt = decision.ok ? decision.principal?.expiresAtSeconds : undefined
    if (endsAt === undefined || endsAt * 1000 > services.now()) return decision
    const refusal = toRefusal(
      policy,
      refuse('expired', 'a credential that ends now opens no connection').denial,
    )
    announce(call, refusal)
    return refusal
  })
}

/** Calls `end` once when the credential of an open connection expires or is revoked; the end is published. */
export function watchConnection(
  call: Call,
  principal: Principal,
  services: Pick<Services, 'now' | 'revocations'>,
  end: (denial: Denial) => void,
): () => void {
  const tell = (denial: Denial): void => {
    announce(call, { ok: false, denial, challenges: none, reply: none })
    end(denial)
  }
  return watch(principal, tell, services)
}
