import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Fetch, Services } from '../../core/index.ts'
import type { HubSettings } from './hub-config.ts'
import { answer, formMaxBytes, formType, mediaType, readRequest } from './message.ts'
import { readSubscriptionRequest } from './subscription-request.ts'
import type { SubscriptionRequest } from './subscription-request.ts'
import type { SubscriptionStore } from './subscription-store.ts'
import { deny, verifyIntent } from './verification.ts'

/** Takes the requests of subscribers, and verifies them after the answer: those of one subscription in their order. */
export class Verifications {
  readonly #settings: HubSettings
  readonly #fetch: Fetch
  readonly #store: SubscriptionStore
  readonly #services: Pick<Services, 'now' | 'random' | 'log'>
  /** The last of each subscription. */
  readonly #last = new Map<string, Promise<void>>()
  #pending = 0

  constructor(
    settings: HubSettings,
    fetch: Fetch,
    store: SubscriptionStore,
    services: Pick<Services, 'now' | 'random' | 'log'>,
  ) {
    this.#settings = settings
    this.#fetch = fetch
    this.#store = store
    this.#services = services
  }

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (mediaType(request.headers['content-type']) !== formType) {
      return answer(request, response, 415, `expected ${formType}`)
    }
    const body = await readRequest(request, formMaxBytes)
    if (body === undefined) return answer(request, response, 413, `expected at most ${formMaxBytes} bytes`)
    const read = readSubscriptionRequest(new URLSearchParams(body.toString()), this.#settings)
    if ('problem' in read) return answer(request, response, read.status, read.problem)
    if (this.#pending >= this.#settings.verificationsMax) {
      return answer(request, response, 503, 'too many requests are being verified')
    }
    this.#enqueue(read)
    answer(request, response, 202)
  }

  /** When nothing is being verified any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values())
  }

  #enqueue(request: SubscriptionRequest): void {
    const key = `${request.callback.href} ${request.ownTopic ?? request.topic}`
    this.#pending++
    const verified = (this.#last.get(key) ?? Promise.resolve())
      .then(() => this.#verify(request))
      .catch((error: unknown) => this.#services.log.error({ err: error }, 'a subscription was not stored'))
      .finally(() => {
        this.#pending--
        if (this.#last.get(key) === verified) this.#last.delete(key)
      })
    this.#last.set(key, verified)
  }

  async #verify(request: SubscriptionRequest): Promise<void> {
    const { mode, topic, ownTopic = topic, callback, secret, leaseSeconds } = request
    // WebSub §5.3: a lease counts from the request to verify.
    const endsAtMs = this.#services.now() + leaseSeconds * 1000
    const refusal = await this.#refusal(request)
    const problem =
      refusal === undefined
        ? await verifyIntent(this.#fetch, request, this.#services)
        : ((await deny(this.#fetch, request, refusal)) ?? refusal)
    if (problem !== undefined) {
      // A callback's path and query are what keeps others from it.
      const fields = { mode, topic, callbackOrigin: callback.origin, reason: problem }
      return this.#services.log.info(fields, 'a subscription was not changed')
    }
    if (mode === 'unsubscribe') return this.#store.delete(ownTopic, callback.href)
    await this.#store.put({ topic: ownTopic, callback: callback.href, endsAtMs, ...(secret && { secret }) })
  }

  /** Why there will be no such subscription, in words for the subscriber. */
  async #refusal({ mode, ownTopic, callback }: SubscriptionRequest): Promise<string | undefined> {
    if (ownTopic === undefined) return 'this hub does not distribute the topic'
    if (mode === 'unsubscribe') return undefined
    await this.#store.purge(this.#services.now())
    const isNew = (await this.#store.find(ownTopic, callback.href)) === undefined
    const isFull = (await this.#store.count(this.#services.now())) >= this.#settings.subscriptionsMax
    return isNew && isFull ? 'this hub has no place for another subscription' : undefined
  }
}
