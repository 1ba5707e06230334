import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { compileAuth, createServices } from '../src/auth/index.ts'
import type { Services } from '../src/core/index.ts'
import { hub as makeHub, publisher, subscriber } from '../src/transports/websub/index.ts'
import type {
  Hub,
  HubOptions,
  Publisher,
  PublisherConfig,
  Subscriber,
  SubscriberConfig,
  SubscriberService,
} from '../src/transports/websub/index.ts'
import { namedTokens, start } from './http-wire.ts'
import { fakeServices } from './fake-services.ts'
import type { Logged } from './fake-services.ts'

interface Context {
  after(close: () => Promise<void>): void
}

/** A request that a peer got. */
export interface Received {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Somebody at the other end of the wire, who keeps what comes and answers as told. */
export interface Peer {
  readonly origin: string
  readonly received: readonly Received[]
  /** The request with this number, counted from 0, when it has come. */
  request(index: number): Promise<Received>
}

export type Respond = (request: Received, response: ServerResponse, index: number) => unknown

/** Confirms every verification, and takes every delivery. */
export const agreeable: Respond = ({ url }, response) =>
  response.end(url.searchParams.get('hub.challenge') ?? '')

export async function startPeer(context: Context, respond: Respond = agreeable): Promise<Peer> {
  const received: Received[] = []
  const news = new EventEmitter()
  const server = createServer((request, response) => {
    void read(request).then((came) => {
      received.push(came)
      respond(came, response, received.length - 1)
      return news.emit('request')
    })
  })
  const port = await start(server, context)
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    async request(index) {
      while (received.length <= index) await once(news, 'request')
      return received[index] as Received
    },
  }
}

async function read(request: IncomingMessage): Promise<Received> {
  return {
    method: request.method ?? '',
    url: new URL(request.url ?? '', 'http://peer'),
    headers: request.headers,
    body: await new Response(request).text(),
  }
}

/** A server whose listener is made when its origin is known. */
export async function startAt(context: Context, make: (origin: string) => RequestListener): Promise<string> {
  let listener: RequestListener | undefined
  const server = createServer((request, response) => listener?.(request, response))
  const origin = `http://127.0.0.1:${await start(server, context)}`
  listener = make(origin)
  return origin
}

/** Services with the network and randomness of the machine, a clock of the test's own, and a log that is kept. */
export function recorded(now?: () => number): { services: Services; logged: Logged[] } {
  const logged: Logged[] = []
  const { log } = fakeServices(() => 0, logged)
  return { services: createServices({ log, ...(now && { now }) }), logged }
}

/** As `barre/websub` makes them. */
export function createSubscriber(config: SubscriberConfig, service: SubscriberService): Subscriber {
  return subscriber(config, service, createServices(config.services))
}

export function createPublisher(config: PublisherConfig): Publisher {
  return publisher(config, createServices(config.services))
}

export interface RunningHub {
  readonly hub: Hub
  readonly url: string
  readonly logged: readonly Logged[]
  /** Asks as a subscriber, with `token`. */
  subscribe(form: Readonly<Record<string, string>>, token?: string): Promise<Response>
  /** Publishes content as a publisher, with `token`. */
  publish(topic: string, content: string, token?: string): Promise<Response>
}

/** A hub whose subscribers are `reader`s and whose publishers are `writer`s. */
export async function startHub(
  context: Context,
  options: Partial<HubOptions> & Pick<HubOptions, 'topics' | 'allowedCallbackOrigins'>,
  now?: () => number,
): Promise<RunningHub> {
  const { services, logged } = recorded(now)
  let made: Hub | undefined
  context.after(async () => made?.close())
  const origin = await startAt(context, (at) => {
    const rules = compileAuth([{ provider: namedTokens() }], services)
    const config = {
      hubUrl: `${at}/hub`,
      subscribe: { scopes: 'read' },
      publish: { scopes: 'write' },
      allowedAddresses: ['127.0.0.1'],
      retry: { attempts: 3, firstRetrySeconds: 0.001, longestRetrySeconds: 0.002 },
      ...options,
    }
    made = makeHub(rules, config, services)
    return made.listener
  })
  const hub = made as unknown as Hub
  return {
    hub,
    url: `${origin}/hub`,
    logged,
    subscribe: (form, token = 'reader') => post(`${origin}/hub`, new URLSearchParams(form), token),
    publish: (topic, content, token = 'writer') =>
      post(
        `${origin}/hub/publish?${new URLSearchParams({ 'hub.mode': 'publish', 'hub.topic': topic }).toString()}`,
        content,
        token,
        'application/vnd.news+json',
      ),
  }
}

function post(url: string, body: URLSearchParams | string, token: string, type?: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, ...(type !== undefined && { 'content-type': type }) }
  return fetch(url, { method: 'POST', body, headers })
}
