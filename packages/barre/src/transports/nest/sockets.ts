import type { INestApplicationContext, WebSocketAdapter } from '@nestjs/common'
import type { WebSocketServer } from 'ws'
import { ConfigError } from '../../core/index.ts'
import type { Policy, Rules, Services } from '../../core/index.ts'
import type { HttpOptions } from '../http/index.ts'
import type * as WebSockets from '../websocket/index.ts'
import type { ProtectedSockets, SocketContext, WebSocketOptions } from '../websocket/index.ts'
import type { Demands } from './demands.ts'
import { asHandler } from './handlers.ts'
import type { Controller, Handlers } from './handlers.ts'

/** How the connections of gateways are opened, beside what every wire has. */
export type GatewayOptions = Pick<
  WebSocketOptions<unknown>,
  | 'allowedOrigins'
  | 'subprotocols'
  | 'tokenInSubprotocol'
  | 'inBand'
  | 'maxFrameSize'
  | 'initTimeoutSeconds'
  | 'unauthenticatedMax'
>

/** An open connection, and what its gateways demanded of it. */
interface Connection {
  readonly context: SocketContext
  readonly policy: Policy | undefined
}

/** The connections of an application's gateways. */
export interface Sockets {
  /** Has an adapter open guarded connections. */
  guard(adapter: WebSocketAdapter, protect: Protect): void
  connectionOf(client: object): Connection | undefined
  /** Throws ConfigError for a gateway whose connections are not guarded. */
  check(): void
}

type Protect = typeof WebSockets.protect

export const socketsToken: symbol = Symbol('barre.sockets')

/**
 * Has Nest's adapter for `ws` open guarded connections:
 * `app.useWebSocketAdapter(await guardSockets(app, new WsAdapter(app)))`.
 */
export async function guardSockets<Adapter extends WebSocketAdapter>(
  app: INestApplicationContext,
  adapter: Adapter,
): Promise<Adapter> {
  // Not before: an application without WebSockets has no such library.
  const { protect } = await import('../websocket/index.ts')
  app.get<Sockets>(socketsToken, { strict: false }).guard(adapter, protect)
  return adapter
}

interface Guarding {
  readonly rules: Rules
  readonly demands: Demands
  readonly handlers: Handlers
  readonly options: HttpOptions & GatewayOptions
  readonly services: Pick<Services, 'now' | 'random' | 'revocations' | 'log'>
}

export function toSockets({ rules, demands, handlers, options, services }: Guarding): Sockets {
  const connections = new WeakMap<object, Connection>()
  const guarded = new Set<Controller>()
  /** The guarded sockets of what Nest serves at one place. */
  const open = (port: number, path: string | undefined, protect: Protect): ProtectedSockets => {
    const gateways = handlers.gateways().filter((gateway) => handlers.isServedAt(gateway, port, path))
    const policy = policyOf(gateways, demands)
    const auth = gateways[0] && demands.gatewayAuthOf(gateways[0])
    const resources = { [`/${path ?? ''}`.replaceAll(/\/+/g, '/')]: auth ?? true }
    for (const gateway of gateways) guarded.add(gateway)
    return protect(rules, { ...options, resources }, services, (socket, context) => {
      connections.set(socket, { context, policy })
      Object.defineProperty(socket, 'principal', { get: () => context.principal })
    })
  }
  return {
    guard(adapter: WebSocketAdapter<WebSocketServer, unknown, { readonly path?: string }>, protect) {
      const [create, close] = [adapter.create.bind(adapter), adapter.close.bind(adapter)]
      const served = new Map<
        WebSocketServer,
        { readonly router: WebSocketServer; readonly live: ProtectedSockets }
      >()
      adapter.create = (port, place) => {
        const live = open(port, place?.path, protect)
        // Nest's own server still finds out whose an upgrade is; what opens it is ours.
        const router = create(port, place)
        router.handleUpgrade = (request, socket, head) => live.handleUpgrade(request, socket, head)
        served.set(live.server, { router, live })
        return live.server
      }
      adapter.close = async (server) => {
        const { router = server, live } = served.get(server) ?? {}
        await live?.close()
        // As Nest does: who does not answer the close would keep the service from ending.
        for (const client of server.clients) client.terminate()
        await close(router)
      }
    },
    connectionOf: (client) => connections.get(client),
    check() {
      const unguarded = handlers
        .gateways()
        .find((gateway) => !guarded.has(gateway) && demands.policyOf(asHandler(gateway)) !== undefined)
      if (unguarded === undefined) return
      throw new ConfigError(
        `${unguarded.name} Auth`,
        'its connections are not guarded: app.useWebSocketAdapter(await guardSockets(app, new WsAdapter(app)))',
      )
    },
  }
}

/** What the gateways of one place demand of a connection, which reaches all of them. */
function policyOf(gateways: readonly Controller[], demands: Demands): Policy | undefined {
  const [first, ...others] = gateways.map(asHandler)
  if (first === undefined) return undefined
  const policy = demands.policyOf(first)
  const other = others.find((gateway) => demands.policyOf(gateway) !== policy)
  if (other === undefined) return policy
  throw new ConfigError(
    `${other.name} Auth`,
    `${first.name} has the same connections, and demands something else`,
  )
}
