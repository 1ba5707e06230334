import { chain, ok, refuse, toPrincipal } from '../core/index.ts'
import type { Authenticated, Awaitable, Call, Principal, Provider, Reply, Result } from '../core/index.ts'

/** What each provider has read, in their order. */
type Readings = readonly unknown[]

/**
 * A provider that holds when every one of `providers` does. The first names the caller; the earliest expiry of all
 * counts. It abstains only when all abstain.
 */
export function every(providers: readonly Provider[]): Provider<Readings> {
  return {
    schemes: [...new Set(providers.flatMap((provider) => provider.schemes))],
    needsClientCertificate: providers.some((provider) => provider.needsClientCertificate === true),
    needsPreSharedKey: providers.some((provider) => provider.needsPreSharedKey === true),
    needsPublicOrigin: providers.some((provider) => provider.needsPublicOrigin === true),
    read: (call) => readAll(providers, call),
    verify: (readings, call) => verifyFrom(providers, readings, call, []),
    challenges: (denial) => providers.flatMap((provider) => provider.challenges(denial)),
  }
}

function readAll(providers: readonly Provider[], call: Call): Result<Readings> | undefined {
  const read = providers.map((provider) => provider.read(call))
  if (read.every((reading) => reading === undefined)) return undefined
  const values: unknown[] = []
  for (const reading of read) {
    if (reading?.ok === false) return reading
    if (reading !== undefined) values.push(reading.value)
  }
  if (values.length === read.length) return ok(values)
  return refuse('missing', 'this entry wants several credentials together, and not all of them were sent')
}

/** Verifies one provider after the other; the first refusal decides. */
function verifyFrom(
  providers: readonly Provider[],
  readings: Readings,
  call: Call,
  proven: readonly Authenticated[],
): Awaitable<Result<Authenticated>> {
  const index = proven.length
  const provider = providers[index]
  if (provider === undefined) return ok(join(proven))
  return chain(provider.verify(readings[index], call), (outcome) =>
    outcome.ok ? verifyFrom(providers, readings, call, [...proven, outcome.value]) : outcome,
  )
}

function join(proven: readonly Authenticated[]): Authenticated {
  const principals = proven.map((one) => one.principal)
  const reply: Reply = proven.flatMap((one) => one.reply ?? [])
  return { principal: untilEarliest(principals), ...(reply.length > 0 && { reply }) }
}

function untilEarliest(principals: readonly Principal[]): Principal {
  const [first] = principals as readonly [Principal]
  const ends = principals.flatMap((principal) => principal.expiresAtSeconds ?? [])
  const expiresAtSeconds = Math.min(...ends)
  if (ends.length === 0 || first.expiresAtSeconds === expiresAtSeconds) return first
  return toPrincipal({ ...first, expiresAtSeconds })
}
