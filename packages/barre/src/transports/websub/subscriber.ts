import type { IncomingMessage, ServerResponse } from 'node:http'
import { allowSha1Signature, describeFetchError, Secret } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { hubClient } from './hub-client.ts'
import type { HubClient } from './hub-client.ts'
import { answer, readRequest } from './message.ts'
import { Renewal } from './renewal.ts'
import { findForgery } from './signature.ts'
import { toSubscriberSettings } from './subscriber-config.ts'
import type { SubscriberConfig, SubscriberSettings } from './subscriber-config.ts'
import { judgeVerification } from './subscription-state.ts'
import type { Confirmed, Intent } from './subscription-state.ts'
import { decodeUnreserved } from './unreserved.ts'

/** Content as the hub sent it; its signature was right. */
export interface Notification {
  readonly topic: string
  readonly contentType: string
  readonly content: Buffer
}

/** What a program does with what its hub sends. */
export interface SubscriberService {
  /** Answered 202 when it returns, and 500 when it throws: hubs then send again. */
  onEventNotification(notification: Notification): unknown
  /** The hub subscribed us, until then; renewals too. */
  onSubscriptionVerified?(endsAtMs: number): void
  /** The hub refused what we asked for. */
  onSubscriptionValidationDenied?(reason: string): void
}

/** One subscription, with the listener that its hub calls. */
export interface Subscriber {
  /** For `createServer` of node:http or node:https; answers the path of `callback`. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void
  /** Asks the hub; resolves when it took the request, which it then verifies. Throws where it does not. */
  subscribe(): Promise<void>
  unsubscribe(): Promise<void>
  /** Whether content is expected now. */
  isActive(): boolean
  close(): Promise<void>
}

/** How long after a request its hub may verify it. */
export const intentMs = 300_000

type SubscriberServices = Pick<Services, 'fetchFor' | 'credentialSource' | 'now' | 'random' | 'log'>

/** Makes a subscriber; throws ConfigError. */
export function subscriber(
  config: SubscriberConfig,
  service: SubscriberService,
  services: SubscriberServices,
): Subscriber {
  const settings = toSubscriberSettings(config)
  const subscription = new OneSubscription(settings, service, services)
  return {
    listener: (request, response) => subscription.serve(request, response),
    subscribe: () => subscription.ask('subscribe'),
    unsubscribe: () => subscription.ask('unsubscribe'),
    isActive: () => subscription.active() !== undefined,
    close: () => subscription.close(),
  }
}

class OneSubscription {
  readonly #settings: SubscriberSettings
  readonly #service: SubscriberService
  readonly #services: SubscriberServices
  readonly #secret: Secret
  readonly #hub: HubClient
  readonly #renewal: Renewal
  /** What was asked for and is not confirmed yet. */
  #intent: Intent | undefined
  #confirmed: Confirmed | undefined
  #closing: Promise<void> | undefined

  constructor(settings: SubscriberSettings, service: SubscriberService, services: SubscriberServices) {
    this.#settings = settings
    this.#service = service
    this.#services = services
    this.#secret = settings.secret ?? new Secret(Buffer.from(services.random(32)).toString('hex'))
    this.#hub = hubClient(settings, services)
    this.#renewal = new Renewal(services.now, () => this.#renew())
  }

  async ask(mode: Intent['mode']): Promise<void> {
    const { hub, topic } = await this.#hub.find()
    // Before the request, since a hub may verify before it answers.
    const asked: Intent = { mode, topic, untilMs: this.#services.now() + intentMs }
    this.#intent = asked
    let status = 0
    try {
      status = await this.#hub.post(hub, this.#toForm(asked))
    } finally {
      const isTaken = status >= 200 && status < 300
      if (!isTaken && this.#intent === asked) this.#intent = undefined
    }
    if (status < 200 || status > 299) throw new Error(`the hub answered ${status} where 202 was expected`)
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const query = readQuery(request.url ?? '', this.#settings.callback)
    if (query === undefined) answer(request, response, 404)
    else if (request.method === 'GET') this.#verify(request, response, query)
    else if (request.method === 'POST') void this.#receive(request, response)
    else answer(request, response, 405)
  }

  active(): Confirmed | undefined {
    const confirmed = this.#confirmed
    return confirmed !== undefined && this.#services.now() < confirmed.endsAtMs ? confirmed : undefined
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end())
  }

  async #end(): Promise<void> {
    this.#renewal.stop()
    try {
      if (this.#settings.unsubscribeOnShutdown === true && this.active()) await this.ask('unsubscribe')
    } finally {
      await this.#hub.close()
    }
  }

  #verify(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    const { log, now } = this.#services
    const intent = this.#intent
    const verdict = judgeVerification(query, intent, now())
    if (verdict.kind === 'refuse') {
      log.warn(
        { topic: this.#settings.topic, reason: verdict.problem },
        'a verification of intent was refused',
      )
      return answer(request, response, 404)
    }
    // Once: who saw the request cannot have it confirmed again.
    this.#intent = undefined
    if (verdict.kind === 'denied') {
      answer(request, response, 200)
      return this.#service.onSubscriptionValidationDenied?.(verdict.reason)
    }
    answer(request, response, 200, verdict.challenge)
    if (verdict.intent.mode === 'unsubscribe') {
      this.#confirmed = undefined
      return this.#renewal.stop()
    }
    this.#confirmed = { topic: verdict.intent.topic, endsAtMs: verdict.endsAtMs }
    this.#renewal.arm(verdict.endsAtMs)
    this.#service.onSubscriptionVerified?.(verdict.endsAtMs)
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { log } = this.#services
    const subscription = this.active()
    if (subscription === undefined) {
      // 410 lets the hub end what we no longer want; not while it may be about to begin.
      return answer(request, response, this.#intent === undefined ? 410 : 404)
    }
    const { topic } = subscription
    const content = await readRequest(request, this.#settings.contentMaxBytes)
    if (content === undefined) return answer(request, response, 413)
    const header = request.headers['x-hub-signature']?.toString()
    const mayBeSha1 = this.#settings[allowSha1Signature] === true
    const forgery = findForgery(header, this.#secret, content, { mayBeSha1 })
    if (forgery !== undefined) {
      log.warn({ topic, reason: forgery }, 'content was not delivered')
      // WebSub §7.1.1 lets us answer as if it were right: who guesses learns nothing.
      return answer(request, response, 202)
    }
    const contentType = request.headers['content-type'] ?? 'application/octet-stream'
    try {
      await this.#service.onEventNotification({ topic, contentType, content })
      answer(request, response, 202)
    } catch (error) {
      log.error({ topic, err: error }, 'the program did not take content')
      answer(request, response, 500)
    }
  }

  #renew(): void {
    this.ask('subscribe').catch((error: unknown) => {
      const fields = { topic: this.#settings.topic, reason: describeFetchError(error) }
      this.#services.log.warn(fields, 'a subscription was not renewed')
    })
  }

  #toForm({ mode, topic }: Intent): URLSearchParams {
    const { callback, leaseSeconds, customParams } = this.#settings
    return new URLSearchParams({
      ...customParams,
      'hub.callback': callback.href,
      'hub.mode': mode,
      'hub.topic': topic,
      ...(mode === 'subscribe' && { 'hub.secret': this.#secret.reveal() }),
      ...(mode === 'subscribe' &&
        leaseSeconds !== undefined && { 'hub.lease_seconds': String(leaseSeconds) }),
    })
  }
}

/** The query that a hub put behind our callback; `undefined` where another URL was called. */
function readQuery(url: string, callback: URL): URLSearchParams | undefined {
  const [own, called] = [decodeUnreserved(callback.pathname + callback.search), decodeUnreserved(url)]
  if (!called.startsWith(own)) return undefined
  const rest = called.slice(own.length)
  if (rest === '') return new URLSearchParams()
  return rest.startsWith(callback.search === '' ? '?' : '&') ? new URLSearchParams(rest.slice(1)) : undefined
}
