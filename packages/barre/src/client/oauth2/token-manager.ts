import { BoundedCache, chain, ok, refuse, singleFlight } from '../../core/index.ts'
import type { Awaitable, Denial, Need, Outgoing, Result, Secret } from '../../core/index.ts'
import { createDpop } from './dpop.ts'
import type { Dpop } from './dpop.ts'
import { settingsOf, toGrant, toList } from './grants.ts'
import type { Grant } from './grants.ts'
import type { GrantConfig } from './config.ts'
import { holdGivenToken, holdToken, isRefused, isUsable, renewalOf } from './held-token.ts'
import type { HeldToken } from './held-token.ts'
import type { Services } from '../../core/index.ts'
import { fleetOf } from './shared-tokens.ts'
import type { FetchedToken, Fleet, Numbered, Renewal } from './shared-tokens.ts'
import type { Pause, TokenOutcome, TokenRequest } from './token-endpoint.ts'

/** What there is for one scope, audience and subject. */
interface Slot {
  held: HeldToken | undefined
  /** The refresh token that came with the token. */
  refresh: Numbered
  /** Why there is no new token, and until when it is not asked for again. */
  refusal: { readonly denial: Denial; readonly untilMs: number } | undefined
  forcedAtMs: number
}

/** The most scopes, audiences and subjects for which tokens are kept. */
export const slotsMax = 1000
/** For how long a refusal of the token endpoint stands, in milliseconds. */
const refusalMs = 5000
const unavailableMs = 1000

/** All tokens of one credential. */
export class TokenManager {
  readonly #grant: Grant
  readonly #services: Services
  readonly #dpop: Dpop | undefined
  readonly #slots = new BoundedCache<string, Slot>({ maxEntries: slotsMax, maxBytes: Infinity })
  readonly #once = singleFlight<string, Result<HeldToken>>()
  readonly #fleet: Fleet | undefined
  /** The configured refresh token or its latest successor: one for all slots, so its uses form a queue. */
  #chain: Numbered | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(config: GrantConfig, services: Services, path: string, pause: Pause) {
    this.#dpop = settingsOf(config).dpop === true ? createDpop(services) : undefined
    this.#grant = toGrant(config, { services, pause, dpop: this.#dpop }, path)
    this.#services = services
    const { refreshToken } = this.#grant
    this.#chain = refreshToken && { refreshToken, generation: 0 }
    this.#fleet = fleetOf(this.#grant, services, path, pause)
  }

  /** At once where a token is at hand. */
  credential(need: Need): Awaitable<Result<Outgoing>> {
    const subject = this.#grant.subject(need)
    if (!subject.ok) return subject
    const key = JSON.stringify([subject.value, need.scopes ?? null, need.audience ?? null])
    const slot = this.#slot(key)
    const nowMs = this.#services.now()
    const held = this.#usable(slot, need, nowMs)
    if (held !== undefined) {
      const isDue = nowMs >= renewalOf(held, need) && standing(slot, nowMs) === undefined
      return isDue ? this.#replace(held, key, slot, need) : this.#toOutgoing(held, need)
    }
    const isForced = slot.held !== undefined && isRefused(slot.held, need)
    if (isForced) slot.forcedAtMs = nowMs
    const denial = isForced ? undefined : standing(slot, nowMs)
    if (denial !== undefined) return { ok: false, denial }
    return chain(this.#obtain(key, slot, need), (result) =>
      result.ok ? this.#toOutgoing(result.value, need) : result,
    )
  }

  ready(): boolean {
    const endpoint = this.#grant.initial?.endpoint ?? this.#grant.refresh?.endpoint
    return endpoint?.ready() ?? true
  }

  async close(): Promise<void> {
    this.#slots.clear()
    await this.#grant.close()
  }

  /** Obtains the next token, for which a call that wants it early waits. */
  #replace(held: HeldToken, key: string, slot: Slot, need: Need): Awaitable<Result<Outgoing>> {
    const obtaining = this.#obtain(key, slot, need)
    if (need.early !== true) return this.#toOutgoing(held, need)
    return chain(obtaining, (next) => this.#toOutgoing(next.ok ? next.value : held, need))
  }

  /** The token at hand, unless it has ended or was refused for another reason than a missing nonce. */
  #usable({ held, forcedAtMs }: Slot, need: Need, nowMs: number): HeldToken | undefined {
    if (held === undefined) return undefined
    const wantsNonce = isRefused(held, need) && this.#learnNonce(need)
    return wantsNonce || isUsable(held, need, nowMs, forcedAtMs) ? held : undefined
  }

  #slot(key: string): Slot {
    const known = this.#slots.get(key, this.#services.now())
    if (known !== undefined) return known
    const { accessToken } = this.#grant
    const held = accessToken && holdGivenToken(accessToken, this.#dpop === undefined ? 'Bearer' : 'DPoP')
    const slot: Slot = { held, refresh: none, refusal: undefined, forcedAtMs: -Infinity }
    this.#keep(key, slot)
    return slot
  }

  #keep(key: string, slot: Slot): void {
    this.#slots.set(key, slot, { bytes: 0, expiresAtMs: Infinity })
  }

  /** One request at a time for a slot; whoever asks meanwhile shares its outcome. */
  #obtain(key: string, slot: Slot, need: Need): Awaitable<Result<HeldToken>> {
    return this.#once(key, async () => {
      // The call that happens to ask first may be given up; the others still wait.
      const { signal: _, ...asked } = need
      const outcome = await (this.#fleet === undefined
        ? this.#fetch(slot, asked)
        : this.#fleet.obtain(this.#renewal(key, slot, asked)))
      if (!outcome.ok) {
        const { denial } = outcome
        const lastsMs = denial.code === 'unavailable' ? unavailableMs : refusalMs
        slot.refusal = { denial, untilMs: this.#services.now() + lastsMs }
        this.#services.log.warn({ code: denial.code, reason: denial.detail }, 'no new token')
        return { ok: false, denial }
      }
      slot.held = outcome.value
      slot.refusal = undefined
      this.#keep(key, slot)
      return ok(slot.held)
    })
  }

  #renewal(key: string, slot: Slot, need: Need): Renewal {
    const numbered = (): Numbered => this.#chain ?? slot.refresh
    const replace = (next: Numbered): void => {
      if (this.#chain === undefined) slot.refresh = next
      else this.#chain = next
    }
    return {
      slot: key,
      held: slot.held,
      fetch: () => this.#fetch(slot, need),
      get numbered() {
        return numbered()
      },
      set numbered(next) {
        replace(next)
      },
    }
  }

  async #fetch(slot: Slot, need: Need): Promise<FetchedToken> {
    const outcome = await this.#request(slot, need)
    if (!outcome.ok) return outcome
    const random = (this.#services.random(1)[0] ?? 0) / 255
    return ok(holdToken(outcome.value, this.#grant.settings, this.#services.now(), random))
  }

  async #request(slot: Slot, need: Need): Promise<TokenOutcome> {
    const outcome = this.#chain === undefined ? await this.#renew(slot, need) : await this.#inTurn(need)
    if (!outcome.ok) return outcome
    if ((outcome.value.scheme === 'DPoP') === (this.#dpop !== undefined)) return outcome
    // RFC 9449 §5: without this, a server that ignores DPoP would quietly weaken what was configured.
    return refuse('invalid', `a token of type ${outcome.value.scheme} was not asked for`)
  }

  /** With the refresh token that came with the token, else from the beginning. */
  async #renew(slot: Slot, need: Need): Promise<TokenOutcome> {
    const { refresh, initial } = this.#grant
    const { refreshToken } = slot.refresh
    if (refresh !== undefined && refreshToken !== undefined) {
      const request = this.#toRequest(refreshRequest(refreshToken), need, refresh.scopes)
      const outcome = await refresh.endpoint.request(request)
      if (outcome.ok) slot.refresh = successor(slot.refresh, outcome.value.refreshToken ?? refreshToken)
      if (outcome.ok || outcome.error !== 'invalid_grant') return outcome
      slot.refresh = successor(slot.refresh, undefined)
    }
    if (initial === undefined) return refuse('invalid', 'there is no way to obtain a token')
    const request = await initial.request(need)
    if (!request.ok) return request
    const { scopes } = this.#grant.settings
    const outcome = await initial.endpoint.request(this.#toRequest(request.value, need, toList(scopes)))
    if (outcome.ok) slot.refresh = successor(slot.refresh, outcome.value.refreshToken)
    return outcome
  }

  /** A refresh token that is replaced at each use can have one user at a time. */
  #inTurn(need: Need): Promise<TokenOutcome> {
    const { refresh } = this.#grant
    const use = async (): Promise<TokenOutcome> => {
      if (this.#chain?.refreshToken === undefined || refresh === undefined) {
        return refuse('invalid', 'there is no refresh token')
      }
      const { refreshToken } = this.#chain
      const request = this.#toRequest(refreshRequest(refreshToken), need, refresh.scopes)
      const outcome = await refresh.endpoint.request(request)
      if (outcome.ok) this.#chain = successor(this.#chain, outcome.value.refreshToken ?? refreshToken)
      return outcome
    }
    const turn = this.#turn.then(use)
    this.#turn = turn
    return turn
  }

  /** Adds what is asked for: by the call, else by the configuration. */
  #toRequest(request: TokenRequest, need: Need, configured: readonly string[] | undefined): TokenRequest {
    const scopes = need.scopes ?? configured ?? []
    const { settings, audience } = this.#grant
    const resources = need.audience === undefined ? (toList(settings.resource) ?? []) : []
    const audiences = need.audience === undefined ? audience : [need.audience]
    const targets = [...resources.map(asResource), ...audiences.map(asTarget)]
    const scope = scopes.length === 0 ? [] : [['scope', scopes.join(' ')] as const]
    return { ...request, parameters: [...request.parameters, ...scope, ...targets] }
  }

  #learnNonce({ target, refused }: Need): boolean {
    const url = URL.parse(target)
    if (this.#dpop === undefined || url === null) return false
    return this.#dpop.learn(url, refused?.metadata('dpop-nonce')[0])
  }

  #toOutgoing(held: HeldToken, need: Need): Awaitable<Result<Outgoing>> {
    const { token, scheme, expiresAtMs } = held
    const outgoing: Outgoing = {
      kind: 'token',
      scheme,
      token,
      ...(expiresAtMs !== Infinity && { expiresAtSeconds: expiresAtMs / 1000 }),
    }
    const url = this.#dpop && URL.parse(need.target)
    if (this.#dpop === undefined || !url) return ok(outgoing)
    return chain(this.#dpop.proof(need.method, url, token.reveal()), (proof) => ok({ ...outgoing, proof }))
  }
}

const none: Numbered = { refreshToken: undefined, generation: 0 }

function successor({ generation }: Numbered, refreshToken: Secret | undefined): Numbered {
  return { refreshToken, generation: generation + 1 }
}

/** The refusal that stands. */
function standing({ refusal }: Slot, nowMs: number): Denial | undefined {
  const leftMs = (refusal?.untilMs ?? -Infinity) - nowMs
  // A clock that was set back must not lengthen it.
  return leftMs > 0 && leftMs <= refusalMs ? refusal?.denial : undefined
}

function refreshRequest(token: Secret): TokenRequest {
  return { grantType: 'refresh_token', parameters: [['refresh_token', token.reveal()]] }
}

function asResource(url: string): readonly [string, string] {
  return ['resource', url]
}

/** RFC 8707 §2: a resource is an absolute URI; any other name is an audience as in RFC 8693. */
function asTarget(name: string): readonly [string, string] {
  return [URL.canParse(name) ? 'resource' : 'audience', name]
}
