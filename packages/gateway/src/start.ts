import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { once } from 'node:events'
import { allowInsecureEndpoint, allowInsecureListener } from 'barre/core'
import { createServices } from 'barre/auth'
import { findProblem } from 'barre/transports/http'
import { toWatchedOptions, watchCertificates } from 'barre/tls'
import { createPipeline } from './pipeline.ts'
import { gatewayShape } from './config.ts'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Services } from 'barre/core'
import type { GatewayConfig } from './config.ts'
import type { Passage } from './answer.ts'
import type { Pipeline } from './pipeline.ts'

/** A running gateway. */
export interface RunningGateway {
  /** Where it listens. */
  readonly url: string
  /** Ends it: takes no new request, and waits for those in flight as long as `limits.closeTimeout` says. */
  close(): Promise<void>
}

const headerDefaultBytes = 32 * 1024
const closeDefaultSeconds = 10
const requestIdBytes = 16
const idsAtATime = 256
/** Milliseconds within which the head of a request must have come. */
const headersTimeoutMs = 10_000

/** Starts a gateway. Throws ConfigError that names the field at fault. */
export async function startGateway(
  config: GatewayConfig,
  overrides: Partial<Services> = {},
): Promise<RunningGateway> {
  const checked = gatewayShape.check(config, '')
  const services = createServices(overrides)
  const pipeline = createPipeline(checked, services)
  const server = await openServer(checked, pipeline, services)
  const { host = '127.0.0.1', secureSocket, limits } = checked
  const { port } = server.address() as AddressInfo
  const scheme = secureSocket === undefined ? 'http' : 'https'
  return {
    url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      await closeServer(server, (limits?.closeTimeout ?? closeDefaultSeconds) * 1000)
      await pipeline.close()
    },
  }
}

async function openServer(config: GatewayConfig, pipeline: Pipeline, services: Services): Promise<Server> {
  let server: Server | undefined
  try {
    server = createServer(config, services)
    serve(server, pipeline, services)
    await listen(server, config, pipeline)
    return server
  } catch (error) {
    server?.close()
    await pipeline.close()
    throw error
  }
}

function createServer({ secureSocket, limits }: GatewayConfig, services: Services): Server {
  const options = {
    maxHeaderSize: limits?.maxHeaderBytes ?? headerDefaultBytes,
    headersTimeout: headersTimeoutMs,
  }
  if (secureSocket === undefined) return createHttpServer(options)
  const now = (): number => services.now()
  const server = createHttpsServer({ ...options, ...toWatchedOptions(secureSocket, 'secureSocket', now) })
  const watcher = watchCertificates(server, secureSocket, {
    log: services.log,
    now,
    // What a responder says is signed: certificates name it by plain http.
    fetch: services.fetchFor({ [allowInsecureEndpoint]: true }, 'secureSocket.certValidation'),
  })
  server.once('close', () => watcher.close())
  return server
}

function serve(server: Server, pipeline: Pipeline, services: Services): void {
  const nextId = requestIds(services)
  const toPassage = (request: IncomingMessage, response: ServerResponse): Passage => {
    const requestId = nextId()
    // A connection that outlives its last request would hold up `close`.
    response.once('close', () => server.listening || server.closeIdleConnections())
    return { request, response, requestId }
  }
  server.on('request', (request, response) => {
    void pipeline.handle(toPassage(request, response), () => undefined)
  })
  // The body is asked for only when the request may pass.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    void pipeline.handle(toPassage(request, response), () => response.writeContinue())
  })
}

/** Random ids. The randomness is fetched for many at a time: a system call for each would be felt. */
function requestIds(services: Pick<Services, 'random'>): () => string {
  let digits = ''
  return () => {
    if (digits === '') digits = Buffer.from(services.random(requestIdBytes * idsAtATime)).toString('hex')
    const id = digits.slice(0, requestIdBytes * 2)
    digits = digits.slice(requestIdBytes * 2)
    return id
  }
}

async function listen(server: Server, config: GatewayConfig, pipeline: Pipeline): Promise<void> {
  server.listen({ host: config.host ?? '127.0.0.1', port: config.port })
  await once(server, 'listening')
  if (!pipeline.isGuarded) return
  const mayBeCleartext = config[allowInsecureListener] === true
  const problem = findProblem(server, pipeline.rules, { ...pipeline.settings, mayBeCleartext })
  if (problem !== undefined) throw problem
}

async function closeServer(server: Server, timeoutMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs)
  await closed
  clearTimeout(timer)
}
