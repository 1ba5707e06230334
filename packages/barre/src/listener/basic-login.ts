import { createHmac } from 'node:crypto'
import {
  BoundedCache,
  chain,
  isPromise,
  isRevokedBy,
  ok,
  refuse,
  singleFlight,
  toPrincipal,
} from '../core/index.ts'
import type {
  Authenticated,
  Awaitable,
  Call,
  Denial,
  Principal,
  Provider,
  Result,
  Services,
} from '../core/index.ts'
import { readBasic } from './basic-credential.ts'
import type { BasicCredential } from './basic-credential.ts'
import type { LoginConfig } from './login-config.ts'
import { createLoginThrottle, toAttemptKey } from './login-throttle.ts'
import type { LoginThrottle } from './login-throttle.ts'

/** A user as a store knows them once the password was right. */
export interface UserDetails {
  /** The principal's id, where it is more than the user name. */
  readonly id?: string
  readonly username: string
  readonly scopes: readonly string[]
}

/** Where users and passwords are; what all stores have in common is in `basicLogin`. */
export interface PasswordStore {
  /** How long a right password needs no second check, in milliseconds; 0: every login is checked. */
  readonly rememberMs: number
  /** Changes with what the store knows of the user, so that a remembered login ends with it. */
  version(username: string): string
  /** Whose password it is; every refusal about user or password is `wrongLogin`. */
  check(username: string, password: string, call: Call): Awaitable<Result<UserDetails>>
  /** What is known now of a user by the principal's id; `noUser` where there is none any more. */
  find(id: string): Awaitable<Result<UserDetails>>
  ready?(): boolean
  close?(): Promise<void>
}

/** The one answer to an unknown user and to a wrong password. */
export const wrongLogin: { readonly ok: false; readonly denial: Denial } = refuse(
  'invalid',
  'unknown user or wrong password',
)

/** The answer about somebody who was a user, and is none now. */
export const noUser: { readonly ok: false; readonly denial: Denial } = refuse(
  'invalid',
  'the user was removed or disabled',
)

/** A login that knows its users without their passwords too, for who let one in before. */
export interface UserProvider extends Provider<BasicCredential> {
  /** Who a user is now, by the id of their principal; `invalid`: removed or disabled since. */
  find(id: string): Awaitable<Result<Principal>>
}

/** How many right passwords a store remembers. */
export const successMax = 1_000

/** HTTP Basic over a store: throttled, its right passwords remembered for a moment, never its wrong ones. */
export function basicLogin(store: PasswordStore, config: LoginConfig, services: Services): UserProvider {
  const { realm = 'barre', maxSessionSeconds, loginThrottle = {} } = config
  const challenge = `Basic realm="${realm}", charset="UTF-8"`
  const throttle = loginThrottle === false ? undefined : createLoginThrottle(loginThrottle, services)
  const memory = rememberLogins(store, services)

  const toUser = (details: UserDetails): Principal =>
    toUserPrincipal(details, maxSessionSeconds, services.now())
  const toVerdict = (result: Result<UserDetails>): Result<Authenticated> =>
    result.ok ? ok({ principal: toUser(result.value) }) : result
  const login = (attempt: Attempt): Awaitable<Result<UserDetails>> => {
    const known = memory.recall(attempt)
    if (known !== undefined) return ok(known)
    return memory.share(attempt, () => attemptLogin(store, throttle, attempt))
  }

  return {
    schemes: ['Basic'],
    read: readBasic,
    verify({ username, password }, call): Awaitable<Result<Authenticated>> {
      const source = call.peer.address
      const attempt: Attempt = { username, password: password.reveal(), source, call }
      if (throttle === undefined) return chain(login(attempt), toVerdict)
      // Before what is remembered too: else guesses would cost nothing while their victim is logged in.
      return chain(throttle.admit(toAttemptKey(username, source)), (denial) =>
        denial === undefined ? chain(login(attempt), toVerdict) : { ok: false, denial },
      )
    },
    find: (id) => chain(store.find(id), (result) => (result.ok ? ok(toUser(result.value)) : result)),
    // A caller in the store who lacks a scope cannot mend it by logging in again.
    challenges: (denial) => (denial.code === 'insufficient_scope' ? [] : [challenge]),
    ready: () => store.ready?.() ?? true,
    async close() {
      memory.close()
      await store.close?.()
    },
  }
}

interface Attempt {
  readonly username: string
  readonly password: string
  readonly source: string | undefined
  readonly call: Call
}

/** Checks a password; wrong ones count against the pair of user name and address. */
function attemptLogin(
  store: PasswordStore,
  throttle: LoginThrottle | undefined,
  { username, password, source, call }: Attempt,
): Awaitable<Result<UserDetails>> {
  if (throttle === undefined) return store.check(username, password, call)
  const key = toAttemptKey(username, source)
  return chain(throttle.count(key), (denial) => {
    if (denial !== undefined) return { ok: false, denial }
    return chain(store.check(username, password, call), (result) => {
      if (result.ok) throttle.forget(key)
      else if (result.denial.code !== 'invalid') throttle.uncount(key)
      return result
    })
  })
}

interface LoginMemory {
  recall(attempt: Attempt): UserDetails | undefined
  /** Runs a login unless the same one is under way, and remembers a success. */
  share(attempt: Attempt, login: () => Awaitable<Result<UserDetails>>): Awaitable<Result<UserDetails>>
  close(): void
}

/**
 * Right passwords, as HMACs under a random key that this store alone has, over the record's version too, so that a
 * changed password or user ends its entry. The same login at the same time is one login.
 */
function rememberLogins(store: PasswordStore, services: Services): LoginMemory {
  const pepper = services.random(32)
  const proven = new BoundedCache<string, UserDetails>({ maxEntries: successMax, maxBytes: successMax })
  const flights = singleFlight<string, Result<UserDetails>>()
  const toKey = ({ username, password, source }: Attempt, forFlight: boolean): string => {
    // As JSON, so that the parts cannot run into each other. Also for a user that is not there: even this little
    // work must not tell.
    const parts = [store.version(username), username, password, forFlight && (source ?? '')]
    return createHmac('sha256', pepper).update(JSON.stringify(parts)).digest('base64')
  }
  const unsubscribe = services.revocations.subscribe((revocation) => {
    for (const [key, { username }] of proven.entries()) {
      if (isRevokedBy({ username, claims: {} }, revocation)) proven.delete(key)
    }
  })
  return {
    recall: (attempt) =>
      store.rememberMs === 0 ? undefined : proven.get(toKey(attempt, false), services.now()),
    share(attempt, login) {
      const key = toKey(attempt, false)
      const outcome = flights(toKey(attempt, true), login)
      const remember = (result: Result<UserDetails>): Result<UserDetails> => {
        if (result.ok && store.rememberMs > 0) {
          proven.set(key, result.value, { bytes: 1, expiresAtMs: services.now() + store.rememberMs })
        }
        return result
      }
      return isPromise(outcome) ? outcome.then(remember) : remember(outcome)
    },
    close: unsubscribe,
  }
}

function toUserPrincipal(
  { id, username, scopes }: UserDetails,
  maxSessionSeconds: number | undefined,
  nowMs: number,
): Principal {
  return toPrincipal({
    id: id ?? username,
    username,
    scheme: 'Basic',
    scopes,
    ...(maxSessionSeconds !== undefined && {
      expiresAtSeconds: Math.floor(nowMs / 1000) + maxSessionSeconds,
    }),
  })
}
