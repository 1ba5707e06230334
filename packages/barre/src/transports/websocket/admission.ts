import type { IncomingMessage } from 'node:http'
import { announce, chain, guard, refuse, toRefusal } from '../../core/index.ts'
import type {
  Awaitable,
  Call,
  Decision,
  Denial,
  Policy,
  Principal,
  Refusal,
  Reply,
  Rules,
  Services,
} from '../../core/index.ts'
import { mustNotServe, normalisePath, notFound, phrase, problemFinder, serverOf } from '../http/index.ts'
import type { HttpRefusal, Params, ResourceTable } from '../http/index.ts'
import type { WebSocketSettings } from './options.ts'
import type { Tickets } from './tickets.ts'
import { toUpgradeCall } from './upgrade-call.ts'

/** Whether an upgrade is let in, and as whom. */
export type Admission = { readonly refusal: HttpRefusal } | { readonly admitted: Admitted }

export interface Admitted {
  readonly call: Call
  readonly path: string
  readonly route: string
  readonly params: Params
  readonly policy: Policy | undefined
  readonly principal: Principal | undefined
  readonly reply: Reply
  /** Gives back the place among the connections without a principal; more than once is once. */
  readonly release: () => void
}

/** The resource that an upgrade is for. */
type Found =
  | (ReturnType<ResourceTable['match']> & { readonly path: string })
  | { readonly kind: 'malformed'; readonly denial: Denial }

export interface Gate {
  /** `kind` is `found` for an upgrade that is one of ours. */
  find(request: IncomingMessage): Found
  judge(request: IncomingMessage, found: Found): Awaitable<Admission>
}

const retryAfterSeconds = 1

/** Decides upgrades, before any is answered. */
export function createGate(
  rules: Rules,
  settings: WebSocketSettings,
  tickets: Tickets,
  services: Pick<Services, 'now'>,
): Gate {
  const isGuarded = settings.table.resources.some(({ policy }) => policy !== undefined)
  const problemOf = isGuarded ? problemFinder(rules, settings.http) : () => undefined
  const places = createPlaces(settings.unauthenticatedMax)
  return {
    find(request) {
      const path = normalisePath(request.url ?? '')
      if (!path.ok) return { kind: 'malformed', denial: path.denial }
      return { ...settings.table.match('GET', path.value), path: path.value }
    },
    judge(request, found) {
      if (problemOf(serverOf(request)) !== undefined) return { refusal: phrase(mustNotServe) }
      if (found.kind === 'malformed') return { refusal: phrase(refuseAll(found.denial)) }
      if (found.kind !== 'found') return { refusal: notFound }
      const { resource, params, path } = found
      const { policy, route } = resource
      const call = toUpgradeCall(request, path, settings, tickets)
      const foreign = judgeOrigin(call, settings)
      if (foreign !== undefined) return refuseAs(call, refuseAll(foreign), settings)
      const seat = { call, path, route, params, policy, principal: undefined, reply: none, release: ignore }
      if (policy === undefined) return { admitted: seat }
      const release = places.take()
      if (release === undefined) return refuseAs(call, refuseAll(crowded), settings)
      return chain(guard(policy, call), (decision) => {
        const admission = settle(decision, policy, { ...seat, release }, settings, services.now())
        if ('refusal' in admission || admission.admitted.principal !== undefined) release()
        return admission
      })
    },
  }
}

const none: readonly never[] = []
const crowded: Denial = refuse('unavailable', 'unauthenticatedMax connections have no principal', {
  retryAfterSeconds,
}).denial

function settle(
  decision: Decision,
  policy: Policy,
  seat: Admitted,
  settings: WebSocketSettings,
  nowMs: number,
): Admission {
  if (!decision.ok) {
    const { inBand, http } = settings
    const mayComeLater = inBand === 'authenticate' || inBand === 'handler'
    if (decision.denial.code === 'missing' && mayComeLater) return { admitted: seat }
    return { refusal: phrase(decision, http) }
  }
  const { principal, reply } = decision
  // What a provider lets in for its clock skew would be ended at once: a connection lasts, a call does not.
  const endsAt = principal?.expiresAtSeconds
  if (endsAt !== undefined && !(endsAt * 1000 > nowMs)) {
    const { denial } = refuse('expired', 'a credential that ends now opens no connection')
    return refuseAs(seat.call, toRefusal(policy, denial), settings)
  }
  return { admitted: { ...seat, principal, reply } }
}

/** A request without Origin comes from no page (RFC 6455 §10.2). */
function judgeOrigin(call: Call, { origins }: WebSocketSettings): Denial | undefined {
  const [origin, ...more] = call.metadata('origin')
  if (origin === undefined || (more.length === 0 && origins.allows(origin))) return undefined
  return refuse('invalid', 'an origin that is not in allowedOrigins').denial
}

function refuseAs(call: Call, refusal: Refusal, { http }: WebSocketSettings): Admission {
  announce(call, refusal)
  return { refusal: phrase(refusal, http) }
}

/** A refusal that no credential would change. */
function refuseAll(denial: Denial): Refusal {
  return { ok: false, denial, challenges: none, reply: none }
}

function ignore(): void {}

/** A bounded number of places. */
function createPlaces(max: number) {
  let taken = 0
  return {
    take(): (() => void) | undefined {
      if (taken >= max) return undefined
      taken++
      let isHeld = true
      return () => {
        if (isHeld) taken--
        isHeld = false
      }
    },
  }
}
