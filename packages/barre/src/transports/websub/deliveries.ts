import { describeFetchError } from '../../core/index.ts'
import type { Fetch, Services } from '../../core/index.ts'
import { FairQueue } from './fair-queue.ts'
import { linkHeader } from './links.ts'
import { sign } from './signature.ts'
import type { SignatureMethod } from './signature.ts'
import type { Subscription, SubscriptionStore } from './subscription-store.ts'

/** A topic's content, as it goes to every subscriber. */
export interface Content {
  readonly contentType: string
  readonly content: Uint8Array
}

/** How content is sent, and again where it was not taken. */
export interface DeliveryRules {
  readonly hubUrl: string
  readonly signature: SignatureMethod
  /** Tries of one delivery, the first included. */
  readonly attempts: number
  /** The wait before the second try, doubled before each further one. */
  readonly firstRetrySeconds: number
  readonly longestRetrySeconds: number
  /** Deliveries that are under way or waiting, of all callbacks and of one origin. */
  readonly deliveriesMax: number
  readonly deliveriesPerOriginMax: number
}

/** Requests that are under way at one time, to all callbacks and to one origin. */
const deliveriesAtOnce = 16
export const perOriginAtOnce = 4

interface Delivery extends Content {
  readonly topic: string
  readonly callback: string
  readonly origin: string
  readonly attempt: number
}

/**
 * Sends content to callbacks, a bounded number at a time, whose origins take turns. Those that wait for another try are
 * lost by a restart.
 */
export class Deliveries {
  readonly #rules: DeliveryRules
  readonly #fetch: Fetch
  readonly #store: SubscriptionStore
  readonly #services: Pick<Services, 'now' | 'random' | 'log'>
  readonly #queue = new FairQueue<Delivery>(deliveriesAtOnce, perOriginAtOnce)
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #outstanding = new Map<string, number>()
  #outstandingInAll = 0
  #isClosed = false

  constructor(
    rules: DeliveryRules,
    fetch: Fetch,
    store: SubscriptionStore,
    services: Pick<Services, 'now' | 'random' | 'log'>,
  ) {
    this.#rules = rules
    this.#fetch = fetch
    this.#store = store
    this.#services = services
  }

  /** Begins to send to each subscriber of the topic; `undefined` when there are too many deliveries already. */
  async distribute(topic: string, content: Content): Promise<number | undefined> {
    const subscriptions = await this.#store.list(topic, this.#services.now())
    if (this.#isClosed || this.#outstandingInAll + subscriptions.length > this.#rules.deliveriesMax)
      return undefined
    for (const { callback } of subscriptions) this.#begin({ ...content, topic, callback })
    this.#proceed()
    return subscriptions.length
  }

  /** An origin that takes nothing loses its own content, and keeps nobody else's from being distributed. */
  #begin(delivery: Omit<Delivery, 'origin' | 'attempt'>): void {
    const { origin } = new URL(delivery.callback)
    const outstanding = this.#outstanding.get(origin) ?? 0
    if (outstanding >= this.#rules.deliveriesPerOriginMax) {
      const fields = { topic: delivery.topic, callbackOrigin: origin, outstanding }
      this.#services.log.error(fields, 'content was not delivered: too much waits for its origin')
      return
    }
    this.#outstanding.set(origin, outstanding + 1)
    this.#outstandingInAll++
    this.#queue.push(origin, { ...delivery, origin, attempt: 1 })
  }

  #settle({ origin }: Delivery): void {
    const left = (this.#outstanding.get(origin) ?? 1) - 1
    if (left === 0) this.#outstanding.delete(origin)
    else this.#outstanding.set(origin, left)
    this.#outstandingInAll--
  }

  close(): void {
    this.#isClosed = true
    this.#queue.clear()
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #proceed(): void {
    for (let next = this.#queue.take(); next !== undefined; next = this.#queue.take()) {
      const { key, item } = next
      void this.#deliver(item).finally(() => {
        this.#queue.done(key)
        this.#proceed()
      })
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { topic, origin, attempt } = delivery
    const problem = await this.#send(delivery).catch(describeFetchError)
    if (problem === undefined) {
      this.#settle(delivery)
      return
    }
    // A callback's path and query are what keeps others from it.
    const fields = { topic, callbackOrigin: origin, attempt, reason: problem }
    if (attempt >= this.#rules.attempts) {
      this.#settle(delivery)
      this.#services.log.error(fields, 'content was not delivered')
      return
    }
    this.#services.log.warn(fields, 'content will be sent again')
    this.#retry({ ...delivery, attempt: attempt + 1 })
  }

  /** What is wrong, where another try may mend it. */
  async #send({ topic, callback, contentType, content }: Delivery): Promise<string | undefined> {
    // Asked anew for each try: it may have ended, or have another secret.
    const subscription = await this.#store.find(topic, callback)
    if (subscription === undefined || subscription.endsAtMs <= this.#services.now()) return undefined
    const response = await this.#fetch(callback, {
      method: 'POST',
      headers: this.#headers(subscription, contentType, content),
      body: content as Uint8Array<ArrayBuffer>,
    })
    await response.body?.cancel()
    if (response.ok) return undefined
    if (response.status === 410) {
      await this.#store.delete(topic, callback)
      return undefined
    }
    return `the callback answered ${response.status}`
  }

  #headers(
    { topic, secret }: Subscription,
    contentType: string,
    content: Uint8Array,
  ): Record<string, string> {
    const { hubUrl, signature } = this.#rules
    return {
      'content-type': contentType,
      link: linkHeader(topic, [hubUrl]),
      ...(secret && { 'x-hub-signature': sign(signature, secret, content) }),
    }
  }

  #retry(delivery: Delivery): void {
    if (this.#isClosed) return
    const { firstRetrySeconds, longestRetrySeconds } = this.#rules
    const wait = Math.min(firstRetrySeconds * 2 ** (delivery.attempt - 2), longestRetrySeconds)
    // Between half and all of it, so that what failed together does not come back together.
    const share = 0.5 + (this.#services.random(1)[0] ?? 0) / 510
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        this.#queue.push(delivery.origin, delivery)
        this.#proceed()
      },
      wait * 1000 * share,
    )
    timer.unref()
    this.#timers.add(timer)
  }
}
