import { checkEndpoint, isRefusal, refuse } from '../../core/index.ts'
import type { Awaitable, Denial, Fetch, Result, Services } from '../../core/index.ts'
import { parseJsonObject } from '../json.ts'
import type { JwksConfig } from '../validator-config.ts'
import type { JwsHeader } from '../jws.ts'
import { keySetMaxKeys, readKeys } from '../key-set.ts'
import type { KeySet } from '../key-set.ts'
import type { VerificationKey } from '../key.ts'
import { fetchJwks } from './fetch-jwks.ts'
import { judgeKey, stepFor } from './judge-key.ts'
import type { KnownKeys } from './judge-key.ts'
import { delayToNextFetchMs, isUsable, keySetLimits, toKeyLife } from './refresh-plan.ts'
import { unrefTimers } from './schedule.ts'
import type { Schedule } from './schedule.ts'

/** A key set that is published (RFC 7517 §5). */
export type RemoteJwksConfig = JwksConfig & { readonly url: string }

/**
 * The keys behind a URL: fetched at once, kept fresh in the background, and kept for a while when the endpoint fails.
 * Every set has keys of its own, so validators with different rules never share one.
 * `path` is where `config` stands in the configuration; `schedule` takes the place of timers.
 */
export function remoteKeySet(
  config: RemoteJwksConfig,
  services: Services,
  path: string,
  schedule: Schedule = unrefTimers,
): Required<KeySet> {
  return new RemoteKeySet(config, services, path, schedule)
}

class RemoteKeySet implements Required<KeySet> {
  readonly #url: URL
  readonly #fetch: Fetch
  readonly #services: Services
  readonly #schedule: Schedule
  readonly #maxKeys: number
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined
  #known: KnownKeys
  #held: ReadonlySet<VerificationKey> = new Set()
  #bytes: Buffer | undefined
  /** The exchange under way, which everybody shares. */
  #flight: Promise<void> | undefined
  #nextAtMs = 0
  #cancelNext: () => void = () => {}

  constructor(config: RemoteJwksConfig, services: Services, path: string, schedule: Schedule) {
    this.#url = checkEndpoint(config.url, `${path}.url`, config.clientConfig)
    this.#fetch = services.fetchFor(config.clientConfig ?? {}, `${path}.clientConfig`)
    this.#services = services
    this.#schedule = schedule
    this.#maxKeys = config.cacheConfig?.capacity ?? keySetMaxKeys
    this.#known = { keys: [], history: { failures: 0 }, life: toKeyLife(config.cacheConfig?.defaultMaxAge) }
    void this.#refresh()
  }

  find(header: JwsHeader): Awaitable<Result<VerificationKey>> {
    const step = stepFor(this.#known, header, this.#flight !== undefined, this.#services.now())
    if (step === 'wait') return this.#refresh().then(() => this.#judge(header))
    if (step === 'refresh') void this.#refresh()
    return this.#judge(header)
  }

  holds(key: VerificationKey): boolean {
    return this.#held.has(key) && this.ready()
  }

  ready(): boolean {
    return isUsable(this.#known.history, this.#known.life, this.#services.now())
  }

  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    this.#closing.abort(new Error('the key set was closed'))
    this.#cancelNext()
    await this.#flight
    await this.#fetch.close?.()
  }

  #judge(header: JwsHeader): Result<VerificationKey> {
    const nowMs = this.#services.now()
    const judged = judgeKey(this.#known, header, nowMs)
    if (judged.ok || judged.denial.code !== 'unavailable') return judged
    const retryAfterSeconds = Math.max(1, Math.ceil((this.#nextAtMs - nowMs) / 1000))
    return { ok: false, denial: { ...judged.denial, retryAfterSeconds } }
  }

  /** Never rejects. */
  #refresh(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve()
    this.#flight ??= this.#attempt().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #attempt(): Promise<void> {
    this.#cancelNext()
    const outcome = this.#accept(await this.#exchange())
    if (this.#closing.signal.aborted) return
    const nowMs = this.#services.now()
    const { history, life } = this.#known
    const failures = outcome.ok ? 0 : history.failures + 1
    const fetched = outcome.ok ? { fetchedAtMs: nowMs } : {}
    this.#known = { ...this.#known, history: { ...history, ...fetched, attemptedAtMs: nowMs, failures } }
    const delayMs = delayToNextFetchMs(this.#known.history, life, randomFraction(this.#services))
    this.#nextAtMs = nowMs + delayMs
    this.#cancelNext = this.#schedule(delayMs, () => void this.#refresh())
    if (isRefusal(outcome)) this.#reportFailure(outcome.denial, failures, delayMs)
    else if (history.failures > 0) this.#services.log.info({ url: this.#name }, 'key set fetched again')
  }

  async #exchange(): Promise<Result<Buffer>> {
    const deadline = new AbortController()
    const cancel = this.#schedule(keySetLimits.deadlineMs, () =>
      deadline.abort(new Error(`no answer within ${keySetLimits.deadlineMs} ms`)),
    )
    const signal = AbortSignal.any([deadline.signal, this.#closing.signal])
    const fetched = await fetchJwks(this.#url, this.#fetch, signal)
    cancel()
    return fetched
  }

  /** Takes the keys of an answer over. From the same bytes they stay the same objects, so cached tokens stay good. */
  #accept(fetched: Result<Buffer>): Result<unknown> {
    if (!fetched.ok || this.#bytes?.equals(fetched.value)) return fetched
    const read = readJwks(fetched.value, this.#maxKeys, this.#name, this.#services)
    if (!read.ok) return read
    this.#bytes = fetched.value
    this.#held = new Set(read.value)
    this.#known = { ...this.#known, keys: read.value }
    return read
  }

  #reportFailure(denial: Denial, failures: number, retryInMs: number): void {
    const fields = { url: this.#name, failures, retryInMs, ready: this.ready(), reason: denial.detail }
    this.#services.log.warn(fields, 'key set could not be fetched')
  }

  /** For logs: a query may hold a secret. */
  get #name(): string {
    return this.#url.origin + this.#url.pathname
  }
}

function readJwks(
  bytes: Buffer,
  maxKeys: number,
  name: string,
  services: Services,
): Result<readonly VerificationKey[]> {
  const parsed = parseJsonObject(bytes, 'the key set', keySetLimits.maxBytes)
  if (!parsed.ok) return parsed
  const keys = readKeys(parsed.value, name, services.log)
  if (!keys.ok) return keys
  if (keys.value.length > maxKeys) return refuse('unavailable', `the key set has more than ${maxKeys} keys`)
  // To take no keys over in place of good ones would refuse every caller.
  return keys.value.length > 0 ? keys : refuse('unavailable', 'the key set holds no key that can verify')
}

function randomFraction(services: Services): number {
  return Buffer.from(services.random(4)).readUInt32BE(0) / 0xff_ff_ff_ff
}
