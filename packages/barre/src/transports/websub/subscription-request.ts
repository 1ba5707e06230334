import { isSecureUrl, Secret } from '../../core/index.ts'
import { secretMaxBytes } from './subscriber-config.ts'
import { decodeUnreserved } from './unreserved.ts'

/** A request to subscribe or unsubscribe (WebSub §5.1). */
export interface SubscriptionRequest {
  readonly mode: 'subscribe' | 'unsubscribe'
  /** As the subscriber spells it: so it must be told of it (WebSub §5.2, §5.3). */
  readonly topic: string
  /** The same as we spell it; `undefined` where we do not distribute it. */
  readonly ownTopic: string | undefined
  readonly callback: URL
  readonly leaseSeconds: number
  readonly secret?: Secret
}

/** What a hub accepts. */
export interface RequestRules {
  /** By their URLs without needless escapes. */
  readonly topics: ReadonlyMap<string, string>
  readonly allowedCallbackOrigins: ReadonlySet<string>
  readonly mayBePlainHttp: boolean
  readonly leaseSeconds: { readonly min: number; readonly max: number; readonly default: number }
}

export interface Fault {
  readonly status: 400 | 403
  readonly problem: string
}

/** The longest callback and topic, in characters. */
export const urlMaxLength = 2048

/** Reads the form of a subscriber; fields that we do not know are ignored (WebSub §5.1). */
export function readSubscriptionRequest(
  form: URLSearchParams,
  rules: RequestRules,
): SubscriptionRequest | Fault {
  const known = ['hub.mode', 'hub.topic', 'hub.callback', 'hub.secret', 'hub.lease_seconds']
  const twice = known.find((name) => form.getAll(name).length > 1)
  if (twice !== undefined) return bad(`${twice} is there twice`)
  const [mode, topic, callback] = known.map((name) => form.get(name) ?? '')
  if (mode !== 'subscribe' && mode !== 'unsubscribe')
    return bad('hub.mode is neither subscribe nor unsubscribe')
  if (!topic || topic.length > urlMaxLength)
    return bad(`hub.topic is absent, or over ${urlMaxLength} characters`)
  const url = readCallback(callback ?? '', rules)
  if (!(url instanceof URL)) return url
  const leaseSeconds = readLease(form, rules.leaseSeconds)
  if (leaseSeconds === undefined) return bad('hub.lease_seconds is not a whole number above 0')
  const secret = form.get('hub.secret') ?? ''
  if (Buffer.byteLength(secret) > secretMaxBytes) return bad('hub.secret is not less than 200 bytes')
  return {
    mode,
    topic,
    ownTopic: rules.topics.get(decodeUnreserved(topic)),
    callback: url,
    leaseSeconds,
    ...(secret !== '' && { secret: new Secret(secret) }),
  }
}

function readCallback(value: string, rules: RequestRules): URL | Fault {
  const url = value.length > urlMaxLength ? null : URL.parse(decodeUnreserved(value))
  if (url === null) return bad(`hub.callback is absent, no URL, or over ${urlMaxLength} characters`)
  if (url.username !== '' || url.password !== '') return bad('hub.callback has a user or password in it')
  if (value.includes('#')) return bad('hub.callback has a fragment')
  // Before https: who asks for another's address learns nothing of what else would be wrong.
  if (!rules.allowedCallbackOrigins.has(url.origin)) {
    return { status: 403, problem: 'the origin of hub.callback is not one that this hub calls' }
  }
  if (!isSecureUrl(url) && !rules.mayBePlainHttp) return bad('hub.callback is not https')
  return url
}

/** The lease that is granted: what was asked for, within our bounds. */
function readLease(form: URLSearchParams, bounds: RequestRules['leaseSeconds']): number | undefined {
  const value = form.get('hub.lease_seconds') ?? ''
  // WebSub §5.1: it means nothing where a subscription is to end.
  if (value === '' || form.get('hub.mode') === 'unsubscribe') return bounds.default
  if (!/^0*[1-9]\d{0,9}$/.test(value)) return undefined
  return Math.min(Math.max(Number(value), bounds.min), bounds.max)
}

function bad(problem: string): Fault {
  return { status: 400, problem }
}
