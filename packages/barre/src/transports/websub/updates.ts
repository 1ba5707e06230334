import type { IncomingMessage, ServerResponse } from 'node:http'
import { describeFetchError, readBody } from '../../core/index.ts'
import type { Fetch, Log } from '../../core/index.ts'
import type { Content, Deliveries } from './deliveries.ts'
import type { HubSettings } from './hub-config.ts'
import { answer, formMaxBytes, formType, mediaType, readRequest } from './message.ts'
import { decodeUnreserved } from './unreserved.ts'

/** Takes the updates of publishers, and begins their distribution. */
export class Updates {
  readonly #settings: HubSettings
  readonly #fetch: Fetch
  readonly #deliveries: Deliveries
  readonly #log: Log

  constructor(settings: HubSettings, fetch: Fetch, deliveries: Deliveries, log: Log) {
    this.#settings = settings
    this.#fetch = fetch
    this.#deliveries = deliveries
    this.#log = log
  }

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { search } = new URL(request.url ?? '', 'http://hub')
    return search === ''
      ? this.#takeNotification(request, response)
      : this.#takeContent(request, response, search)
  }

  async publish(topic: string, content: Content): Promise<number> {
    const own = this.#settings.topics.get(decodeUnreserved(topic))
    if (own === undefined) throw new Error('the hub has no such topic')
    const subscribers = await this.#deliveries.distribute(own, content)
    if (subscribers === undefined) throw new Error('too many deliveries are waiting, or the hub is closed')
    return subscribers
  }

  /** The content itself; the query says whose it is. */
  async #takeContent(request: IncomingMessage, response: ServerResponse, search: string): Promise<void> {
    const topic = this.#topicOf(new URLSearchParams(search))
    if (topic === undefined) return answer(request, response, 400, publishProblem)
    const { contentMaxBytes } = this.#settings
    const content = await readRequest(request, contentMaxBytes)
    if (content === undefined)
      return answer(request, response, 413, `expected at most ${contentMaxBytes} bytes`)
    const contentType = request.headers['content-type'] ?? 'application/octet-stream'
    await this.#distribute(request, response, topic, { contentType, content })
  }

  /** That a topic has new content, which we fetch. */
  async #takeNotification(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (mediaType(request.headers['content-type']) !== formType) {
      return answer(request, response, 415, `expected ${formType}, or content with the topic in the query`)
    }
    const body = await readRequest(request, formMaxBytes)
    if (body === undefined) return answer(request, response, 413, `expected at most ${formMaxBytes} bytes`)
    const topic = this.#topicOf(new URLSearchParams(body.toString()))
    if (topic === undefined) return answer(request, response, 400, publishProblem)
    const content = await this.#fetchTopic(topic)
    if (content === undefined) return answer(request, response, 502, 'the topic could not be fetched')
    await this.#distribute(request, response, topic, content)
  }

  #topicOf(fields: URLSearchParams): string | undefined {
    const [modes, topics] = [fields.getAll('hub.mode'), fields.getAll('hub.topic')]
    const [topic = ''] = topics
    const isRead = modes.length === 1 && modes[0] === 'publish' && topics.length === 1
    return isRead ? this.#settings.topics.get(decodeUnreserved(topic)) : undefined
  }

  async #fetchTopic(topic: string): Promise<Content | undefined> {
    try {
      const response = await this.#fetch(topic)
      const content = await readBody(response, response.status === 200 ? this.#settings.contentMaxBytes : 0)
      if (response.status !== 200) throw new Error(`the topic answered ${response.status}`)
      if (content === undefined) throw new Error('the topic is longer than contentMaxBytes')
      return { contentType: response.headers.get('content-type') ?? 'application/octet-stream', content }
    } catch (error) {
      this.#log.warn({ topic, reason: describeFetchError(error) }, 'a topic could not be fetched')
      return undefined
    }
  }

  async #distribute(
    request: IncomingMessage,
    response: ServerResponse,
    topic: string,
    content: Content,
  ): Promise<void> {
    const subscribers = await this.#deliveries.distribute(topic, content)
    if (subscribers === undefined) return answer(request, response, 503, 'too many deliveries are waiting')
    answer(request, response, 202)
  }
}

const publishProblem = 'expected hub.mode=publish and a hub.topic that this hub distributes, each once'
