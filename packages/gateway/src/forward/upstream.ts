import { EventEmitter } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { ConfigError, allowInsecureEndpoint, checkEndpoint } from 'barre/core'
import { createConnector } from 'barre/egress'
import { tlsOpener } from 'barre/tls'
import { Pool } from 'undici'
import { hasBody, limitedBody } from './limited-body.ts'
import { passableRequestHeaders, passableResponseHeaders } from './headers.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Secret, Services } from 'barre/core'
import type { UpstreamConfig } from '../config.ts'

/** A request as the upstream is to see it. */
interface Outbound {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Normalised path and query. */
  readonly target: string
  /** Takes the place of whatever Authorization the client sent; absent: none. */
  readonly token: Secret | undefined
  /** Headers that speak for the gateway: X-Forwarded-* and the request id. */
  readonly ours: readonly string[]
  readonly requestId: string
}

/** The last step: one service behind the gateway. */
export interface Upstream {
  /** Streams the request there and the answer back; rejects when that fails, the answer's head perhaps already sent. */
  forward(outbound: Outbound): Promise<void>
  close(): Promise<void>
}

export interface UpstreamOptions {
  readonly maxBodyBytes: number
  /** Header names that only the gateway may set, in lower case. */
  readonly identityHeaders: ReadonlySet<string>
}

const connectDefaultSeconds = 5
const responseDefaultSeconds = 30
const connectionsDefault = 128

/** Compiles an upstream; throws ConfigError that names the field below `path`. */
export function createUpstream(
  config: UpstreamConfig,
  options: UpstreamOptions,
  services: Pick<Services, 'now' | 'log'>,
  path: string,
): Upstream {
  const pool = createPool(config, services, path)
  return {
    async forward({ request, response, target, token, ours, requestId }) {
      const headers = passableRequestHeaders(request.rawHeaders, options.identityHeaders)
      headers.push(...ours)
      if (token !== undefined) headers.push('authorization', `Bearer ${token.reveal()}`)
      const answer = await pool.request({
        method: request.method as 'GET',
        path: target,
        headers,
        body: hasBody(request) ? limitedBody(request, options.maxBodyBytes) : null,
        signal: untilClosed(response),
        responseHeaders: 'raw',
      })
      // Not `pool.stream`: where a body fails after the answer has begun, that one throws outside every promise.
      const passable = passableResponseHeaders(answer.headers as unknown as readonly string[])
      response.writeHead(answer.statusCode, [...passable, 'x-request-id', requestId])
      await pipeline(answer.body, response)
    },
    close: () => pool.close(),
  }
}

function createPool(config: UpstreamConfig, services: Pick<Services, 'now' | 'log'>, path: string): Pool {
  const url = checkEndpoint(config.url, `${path}.url`, config)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new ConfigError(`${path}.url`, 'expected an origin, such as https://orders.internal:9090')
  }
  const responseTimeoutMs = (config.responseTimeout ?? responseDefaultSeconds) * 1000
  const connect = createConnector({
    tls: tlsOpener(config.secureSocket ?? {}, `${path}.secureSocket`, services.now, services.log),
    connectTimeoutMs: (config.connectTimeout ?? connectDefaultSeconds) * 1000,
    allowH2: false,
    allowPlainHttp: config[allowInsecureEndpoint] === true,
  })
  return new Pool(url.origin, {
    connect,
    connections: config.maxConnections ?? connectionsDefault,
    headersTimeout: responseTimeoutMs,
    bodyTimeout: responseTimeoutMs,
  })
}

/** Ends the upstream's work when the client has gone. An emitter: undici takes one, and it costs less than a signal. */
function untilClosed(response: ServerResponse): EventEmitter {
  const signal = new EventEmitter()
  response.once('close', () => {
    if (!response.writableFinished) signal.emit('abort')
  })
  return signal
}
