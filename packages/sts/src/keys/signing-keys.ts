import { createKeyRing, importVerificationKey } from 'barre/jose'
import type { Services } from 'barre/core'
import type { Jwks, KeyRing, RingKey, Signer, VerificationKey } from 'barre/jose'
import type { KeyPlace, PlacedKey } from './key-place.ts'
import type { SigningAlgorithm } from './key-types.ts'

/** The keys of this service. */
export interface SigningKeys {
  /** The key that signs now; its `kid` is its RFC 7638 thumbprint. */
  current(): Signer
  /** The keys to come, the key in use, and those whose tokens may still live. */
  published(): Jwks
  /** What verifies our own tokens. */
  verification(): readonly VerificationKey[]
  /** Makes a key, published now and used once everybody has had time to see it. */
  rotate(): Promise<void>
  /** Looks at the place again: another process may have made a key, or it is time to. */
  check(): Promise<void>
  close(): void
}

/** How the keys are used. */
export interface KeysConfig {
  readonly place: KeyPlace
  readonly algorithm: SigningAlgorithm
  readonly tokenMaxLifetimeSeconds: number
  readonly keyLifetimeDays?: number | undefined
}

/** How long others may keep the key set, in seconds. */
export const jwksMaxAgeSeconds = 300
/** How often the place is looked at, in seconds. */
const recheckSeconds = 30
const clockSkewSeconds = 60
/** From when a key is made until it signs, in milliseconds: by then every process and every client has it. */
export const publishAheadMs: number = (jwksMaxAgeSeconds + clockSkewSeconds + recheckSeconds) * 1000
const dayMs = 86_400_000

/** Loads the keys of a place; makes one where there is none of the algorithm. Throws ConfigError. */
export async function loadSigningKeys(
  config: KeysConfig,
  services: Pick<Services, 'now' | 'log'>,
): Promise<SigningKeys> {
  const { algorithm, keyLifetimeDays, place } = config
  const load = async (): Promise<KeyRing> => {
    const placed = await place.read()
    const youngest = placed.at(-1)
    if (youngest === undefined && place.firstKeyProblem !== undefined) throw place.firstKeyProblem
    const isDue =
      youngest?.key.algorithm !== algorithm ||
      (keyLifetimeDays !== undefined && services.now() - youngest.madeAtMs >= keyLifetimeDays * dayMs)
    if (!isDue) return toRing(placed, config, services)
    await makeKey(config, services)
    return toRing(await place.read(), config, services)
  }
  let ring = await load().catch((error: unknown) => {
    place.close()
    throw error
  })
  const check = async (): Promise<void> => {
    try {
      ring = await load()
    } catch (error) {
      services.log.error({ error }, 'the signing keys cannot be read; those known stay in use')
    }
  }
  const timer = setInterval(() => void check(), recheckSeconds * 1000).unref()
  return {
    current: () => ring.signer(),
    published: () => ring.jwks(),
    verification: () => ring.keys().map(({ key }) => toVerificationKey(key)),
    async rotate() {
      await makeKey(config, services)
      ring = await load()
    },
    check,
    close() {
      clearInterval(timer)
      place.close()
    },
  }
}

/** Makes a key; the first of a place signs at once, every other when everybody has had time to see it. */
export async function makeKey(config: KeysConfig, services: Pick<Services, 'now' | 'log'>): Promise<void> {
  const placed = await config.place.read()
  // After the youngest, even where the clock was set back: the last one is the one to come.
  const madeAtMs = Math.max(services.now(), (placed.at(-1)?.madeAtMs ?? 0) + 1000)
  const name = await config.place.create(config.algorithm, madeAtMs)
  services.log.info({ event: 'key_made', name }, 'a signing key was made')
}

/** Deletes keys whose last token has ended; answers with how many. */
export async function pruneKeys(config: KeysConfig, nowMs: number): Promise<number> {
  const placed = await config.place.read()
  const living = new Set(withTimes(placed, config, nowMs).map(({ key }) => key.kid))
  const retired = placed.filter(({ key }) => !living.has(key.kid)).map(({ name }) => name)
  await config.place.remove(retired)
  return retired.length
}

const verificationKeys = new WeakMap<Signer, VerificationKey>()

function toVerificationKey(key: Signer): VerificationKey {
  const known = verificationKeys.get(key)
  if (known !== undefined) return known
  const { publicKey, algorithm, kid } = key
  if (publicKey === undefined || kid === undefined)
    throw new Error('a signing key has a public half and a kid')
  const made = importVerificationKey(publicKey, { algorithm, kid, path: 'keys' })
  verificationKeys.set(key, made)
  return made
}

function toRing(placed: readonly PlacedKey[], config: KeysConfig, services: Pick<Services, 'now'>): KeyRing {
  const { tokenMaxLifetimeSeconds } = config
  const times = { jwksMaxAgeSeconds, tokenMaxLifetimeSeconds, clockSkewSeconds }
  return createKeyRing(withTimes(placed, config, services.now()), times, services)
}

/** The keys that are not retired. The very first signs at once: nobody has seen another one. */
function withTimes(
  placed: readonly PlacedKey[],
  { tokenMaxLifetimeSeconds }: KeysConfig,
  nowMs: number,
): readonly RingKey[] {
  const keys = placed.map(({ key, madeAtMs }, index) => ({
    key,
    publishedAtMs: madeAtMs,
    signsFromMs: madeAtMs + (index === 0 ? 0 : publishAheadMs),
  }))
  return keys.filter((_, index) => {
    const next = keys[index + 1]
    return (
      next === undefined || nowMs < next.signsFromMs + (tokenMaxLifetimeSeconds + clockSkewSeconds) * 1000
    )
  })
}
