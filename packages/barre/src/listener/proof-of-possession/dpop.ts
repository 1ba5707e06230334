import { createHash } from 'node:crypto'
import { BoundedCache, chain, isPromise, MemoryReplayStore, ok, refuse } from '../../core/index.ts'
import type {
  Awaitable,
  Call,
  Denial,
  Lease,
  ReplayStore,
  Reply,
  Result,
  Services,
} from '../../core/index.ts'
import { readVerificationJwk, verifyJws } from '../../jose/index.ts'
import type { JwsAlgorithm, VerificationKey } from '../../jose/index.ts'
import { asymmetricAlgorithms, proofMaxAgeDefaultSeconds } from './config.ts'
import type { DpopConfig } from './config.ts'
import { createNonces } from './nonces.ts'
import { callProblem, clockSkewMs, readProof, timeProblem } from './proof.ts'
import type { Expected, Proof } from './proof.ts'

/** Checks that a caller holds the key which a token is bound to (RFC 9449). */
export interface DpopVerifier {
  readonly isRequired: boolean
  /** The algorithms that a challenge names. */
  readonly algorithms: readonly JwsAlgorithm[]
  /** Accepts the proof of a call for a token that holds and is bound to `jkt`; the answer must carry the reply. */
  verify(token: string, jkt: string, call: Call): Awaitable<Result<Reply>>
  /** Accepts the proof of a call that asks for a token (RFC 9449 §5): whose key it is. */
  prove(call: Call): Awaitable<Result<ProvenKey>>
  close(): Promise<void>
}

/** A key that a caller has proven to hold; the answer must carry the reply. */
export interface ProvenKey {
  readonly jkt: string
  readonly reply: Reply
}

/** How many callers' keys are kept ready, and how much each is taken to need. */
const keyLimits = { maxEntries: 1000, maxBytes: 4_194_304 }
const keyBytes = 2048

/**
 * The proof that a call has spent. Another entry that looks at the same call, or another member of `all`, may accept
 * it again.
 */
const spentBy = new WeakMap<Call, string>()

/** Compiles what a configuration says about proofs. Throws ConfigError. */
export function createDpopVerifier(config: DpopConfig, services: Services, path: string): DpopVerifier {
  const algorithms = config.algorithms ?? asymmetricAlgorithms.filter((name) => !name.startsWith('ML-DSA'))
  const accepted: ReadonlySet<string> = new Set(algorithms)
  const maxAgeMs = (config.proofMaxAgeSeconds ?? proofMaxAgeDefaultSeconds) * 1000
  const nonces = config.nonces && createNonces(config.nonces, services, `${path}.nonces`)
  const lease = config.replayStore === undefined ? leaseMemory(services) : undefined
  const store: ReplayStore = config.replayStore ?? lease!.value
  const keys = new BoundedCache<string, VerificationKey>(keyLimits)

  const checkSignature = (proof: Proof): Denial | undefined => {
    const key = keys.get(proof.jkt, 0) ?? importKey(proof)
    if (typeof key === 'string') return refuse('invalid', `the jwk of the proof is unusable: ${key}`).denial
    keys.set(proof.jkt, key, { bytes: keyBytes, expiresAtMs: Infinity })
    const verified = verifyJws(proof.jws, key)
    return verified.ok ? undefined : verified.denial
  }
  /** When it is of now: what the answer says, and until when it must be remembered. */
  const judgeTime = (proof: Proof, nowMs: number): Result<{ reply: Reply; untilMs: number }> => {
    if (nonces === undefined) {
      const problem = timeProblem(proof, nowMs, maxAgeMs)
      if (problem !== undefined) return badProof(problem)
      return ok({ reply: [], untilMs: proof.claims.iat * 1000 + maxAgeMs + 2 * clockSkewMs })
    }
    // RFC 9449 §4.3, 11: the nonce tells the time, and the caller's clock may be wrong.
    const verdict = nonces.judge(proof.claims.nonce, nowMs)
    const fresh: Reply = [['dpop-nonce', nonces.current(nowMs)]]
    if (verdict === 'unknown') return wantNonce(fresh)
    return ok({ reply: verdict === 'stale' ? fresh : [], untilMs: nowMs + nonces.usableMs })
  }
  const check = (call: Call, bound?: Expected['bound']): Awaitable<Result<ProvenKey>> => {
    const [text, second] = call.metadata('dpop')
    if (text === undefined || second !== undefined) return badProof('expected exactly one DPoP header')
    const read = readProof(text, accepted)
    if (!read.ok) return badProof(read.denial.detail)
    const proof = read.value
    const method = ofWebSocket.has(call.method) ? 'GET' : call.method
    const problem = callProblem(proof, { method, target: call.target, ...(bound && { bound }) })
    if (problem !== undefined) return badProof(problem)
    const denial = checkSignature(proof)
    if (denial !== undefined) return badProof(denial.detail)
    const timely = judgeTime(proof, services.now())
    if (!timely.ok) return timely
    return chain(spend(store, proof, timely.value.untilMs, call), (spent) =>
      spent.ok ? ok({ jkt: proof.jkt, reply: timely.value.reply }) : spent,
    )
  }
  return {
    isRequired: config.required ?? false,
    algorithms,
    verify: (token, jkt, call) =>
      chain(check(call, { token, jkt }), (proven) => (proven.ok ? ok(proven.value.reply) : proven)),
    prove: (call) => check(call),
    close: async () => lease?.release(),
  }
}

/** A WebSocket begins with a GET, and what is presented on it later belongs to that. */
const ofWebSocket: ReadonlySet<string> = new Set(['UPGRADE', 'AUTHENTICATE'])

/** One store for all that shares these services: two entries that take the same token see each other's proofs. */
function leaseMemory(services: Services): Lease<MemoryReplayStore> {
  return services.shared.acquire('dpop replays', () => new MemoryReplayStore(() => services.now()))
}

/** Only what makes the key: a `use`, `key_ops` or `alg` beside it is the caller's own claim. */
function importKey({ jwk }: Proof): VerificationKey | string {
  const claimed = ['use', 'key_ops', 'kid', ...(jwk.kty === 'AKP' ? [] : ['alg'])]
  const members = Object.entries(jwk).filter(([name]) => !claimed.includes(name))
  return readVerificationJwk(Object.fromEntries(members))
}

function spend(store: ReplayStore, proof: Proof, untilMs: number, call: Call): Awaitable<Result<void>> {
  const key = createHash('sha256').update(`${proof.jkt}.${proof.claims.jti}`).digest('base64url')
  if (spentBy.get(call) === key) return ok(undefined)
  const judge = (isNew: boolean): Result<void> => {
    if (!isNew) return badProof('the proof was used before')
    spentBy.set(call, key)
    return ok(undefined)
  }
  try {
    const added = store.add(key, untilMs)
    return isPromise(added) ? added.then(judge, storeFailed) : judge(added)
  } catch (error) {
    return storeFailed(error)
  }
}

function storeFailed(error: unknown): Result<never> {
  const reason = error instanceof Error ? error.message : 'unknown reason'
  return refuse('unavailable', `the replay store cannot tell: ${reason}`)
}

function badProof(detail: string): Result<never> {
  return refuse('invalid', detail, { scheme: 'DPoP', parameters: { error: 'invalid_dpop_proof' } })
}

function wantNonce(reply: Reply): Result<never> {
  const more = { scheme: 'DPoP', parameters: { error: 'use_dpop_nonce' }, reply }
  return refuse('invalid', 'the proof has no current nonce', more)
}
