import { ConfigError, ok, refuse } from '../../core/index.ts'
import type { Result, Secret, Services } from '../../core/index.ts'
import { comparableText } from './config-key.ts'
import type { Grant } from './grants.ts'
import { guardStore } from './guarded-store.ts'
import type { GuardedStore } from './guarded-store.ts'
import { holdShared } from './held-token.ts'
import type { HeldToken } from './held-token.ts'
import { nonceBytes, sealer } from './sealed-entry.ts'
import type { Entry, Sealer } from './sealed-entry.ts'
import type { TokenRefusal } from './token-answer.ts'
import type { Pause } from './token-endpoint.ts'

/** A refresh token, and how many went before it: of two, the one with the higher number is good. */
export interface Numbered {
  readonly refreshToken: Secret | undefined
  readonly generation: number
}

export type FetchedToken = { readonly ok: true; readonly value: HeldToken } | TokenRefusal

/** One renewal: what a process has, and how it would obtain a token alone. */
export interface Renewal {
  /** Tells the scopes, audiences and subjects of one credential apart. */
  readonly slot: string
  /** What is at hand and will not do any more. */
  readonly held: HeldToken | undefined
  /** The refresh token that `fetch` uses, and replaces. */
  numbered: Numbered
  fetch(): Promise<FetchedToken>
}

/** One token for many processes. */
export interface Fleet {
  /** A token that is better than the one at hand: another process's, or a new one, which the others then find. */
  obtain(renewal: Renewal): Promise<Result<HeldToken>>
}

export const fleetLimits = {
  /** How long, and how many times, a process waits for the token that another is obtaining. */
  pollMs: 100,
  polls: 50,
  /** Beside the time-out of one request: who takes longer to obtain a token has lost its turn. */
  turnMs: 10_000,
  /** How long a refresh token is kept that nobody uses: 30 days. */
  refreshTokenMs: 2_592_000_000,
} as const

/** As `egress` has it, in seconds. */
const reqTimeoutDefault = 5

/** Who shares the tokens of a grant, where its configuration says so. Throws ConfigError. */
export function fleetOf(
  { settings, refreshToken }: Grant,
  services: Services,
  path: string,
  pause: Pause,
): Fleet | undefined {
  const { sharedTokens: shared, ...compared } = settings
  if (shared === undefined) return undefined
  const place = `${path}.sharedTokens`
  if (compared.dpop === true) {
    throw new ConfigError(place, 'tokens that are bound to a key of this process serve no other')
  }
  const seals = sealer(shared.encryptionKey, `${place}.encryptionKey`)
  const credential = shared.name ?? comparableText(compared, `${place}.name`)
  const store = guardStore(shared.store, services)
  const lifeMs = fleetLimits.turnMs + (compared.clientConfig?.reqTimeout ?? reqTimeoutDefault) * 1000
  // One refresh token for all slots.
  const hasChain = refreshToken !== undefined
  const chainName = seals.name(JSON.stringify([credential]))
  return {
    async obtain(renewal) {
      const name = seals.name(JSON.stringify([credential, renewal.slot]))
      const turn = { store, seals, services, name, chain: hasChain ? chainName : name, renewal }
      for (let poll = 0; poll < fleetLimits.polls; poll++) {
        const found = await read(turn, name)
        if (!found.ok) return renewal.fetch()
        const better = betterThan(renewal.held, found.value.entry, services)
        if (better !== undefined) return ok(better)
        const mine = Buffer.from(services.random(16)).toString('base64url')
        const locked = await store((inner) => inner.swap(lockOf(turn), undefined, mine, lifeMs))
        if (!locked.ok) return renewal.fetch()
        if (locked.value) {
          try {
            return await take(turn)
          } finally {
            await store((inner) => inner.swap(lockOf(turn), mine, undefined, 0))
          }
        }
        await pause(fleetLimits.pollMs)
      }
      // A refresh token that is replaced at each use can have one user at a time; nothing else has to wait on.
      return hasChain ? refuse('unavailable', 'another process is renewing the token') : renewal.fetch()
    },
  }
}

interface Turn {
  readonly store: GuardedStore
  readonly seals: Sealer
  readonly services: Services
  readonly name: string
  /** Where the refresh token is: under the same name, unless there is one for all slots. */
  readonly chain: string
  readonly renewal: Renewal
}

function lockOf({ chain }: Turn): string {
  return `lock:${chain}`
}

interface Found {
  readonly text: string | undefined
  readonly entry: Entry | undefined
}

async function read({ store, seals, services }: Turn, name: string): Promise<Result<Found>> {
  const text = await store((inner) => inner.get(`token:${name}`))
  if (!text.ok) return text
  const entry = text.value === undefined ? undefined : seals.open(name, text.value)
  if (text.value !== undefined && entry === undefined) {
    services.log.warn({ name }, 'a shared token cannot be read, and will be replaced')
  }
  return ok({ text: text.value, entry })
}

/** The token of the store, unless it is the one at hand or due for renewal itself. */
function betterThan(
  held: HeldToken | undefined,
  entry: Entry | undefined,
  services: Services,
): HeldToken | undefined {
  if (entry?.token === undefined || entry.token.reveal() === held?.token.reveal()) return undefined
  const nowMs = services.now()
  const taken = holdShared(entry.token, entry, nowMs, (services.random(1)[0] ?? 0) / 255)
  return nowMs < taken.renewAtMs ? taken : undefined
}

/** What the one process does whose turn it is. */
async function take(turn: Turn): Promise<Result<HeldToken>> {
  const { name, chain, renewal, services } = turn
  const found = await read(turn, name)
  const refreshing = chain === name ? found : await read(turn, chain)
  if (!found.ok || !refreshing.ok) return renewal.fetch()
  // Another process may have had its turn since the store was last read.
  const better = betterThan(renewal.held, found.value.entry, services)
  if (better !== undefined) return ok(better)
  const { refreshToken, generation = 0 } = refreshing.value.entry ?? {}
  if (generation > renewal.numbered.generation) renewal.numbered = { refreshToken, generation }
  const outcome = await renewal.fetch()
  if (!outcome.ok) return outcome
  const times = { obtainedAtMs: outcome.value.obtainedAtMs, expiresAtMs: outcome.value.expiresAtMs }
  const own = { ...times, token: outcome.value.token, refreshToken: undefined, generation: 0 }
  if (chain === name) await write(turn, name, found.value, { ...own, ...renewal.numbered })
  else {
    // First: to lose a refresh token is worse.
    await write(turn, chain, refreshing.value, { ...times, token: undefined, ...renewal.numbered })
    await write(turn, name, found.value, own)
  }
  return outcome
}

/** Unless another process has written since: a turn that took too long must not undo the next one. */
async function write(
  { store, seals, services }: Turn,
  name: string,
  found: Found,
  entry: Entry,
): Promise<void> {
  const lifeMs =
    entry.refreshToken === undefined ? entry.expiresAtMs - services.now() : fleetLimits.refreshTokenMs
  if (lifeMs <= 0) return
  const sealed = seals.seal(name, entry, services.random(nonceBytes))
  const written = await store((inner) => inner.swap(`token:${name}`, found.text, sealed, lifeMs))
  if (written.ok && !written.value) {
    services.log.warn({ name }, 'another process obtained a token at the same time')
  }
}
