import type { Server as NetServer } from 'node:net'
import { createContextValues } from '@connectrpc/connect'
import type { ConnectRouter } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import type { ConnectNodeAdapterOptions } from '@connectrpc/connect-node'
import type { Rules, Services } from '../../core/index.ts'
import { onListen, toChecked, toSettings } from '../http/index.ts'
import type { HttpOptions } from '../http/index.ts'
import { methodPolicies } from '../rpc/index.ts'
import { endingStreams } from './ending-streams.ts'
import { requestGate } from './gate.ts'
import { nativeKey } from './grants.ts'
import type { NativeRequest, NativeResponse } from './grants.ts'
import { guardedRouter } from './guarded-router.ts'
import type { MethodTable } from './guarded-router.ts'

export interface ConnectOptions<Auth> extends Omit<HttpOptions, 'resourceMetadata'> {
  /** Adds the services, as with `connectNodeAdapter`. */
  readonly routes: (router: ConnectRouter) => unknown
  /**
   * What a service (`'orders.Orders'`) or one of its methods (`'orders.Orders/Place'`) demands; `true` is the server's
   * `auth` as it is, `false` is open. A method in no row demands what its service does; a service in none, `auth`.
   */
  readonly resources?: Readonly<Record<string, Auth | true>>
  /** Options of Connect itself; its interceptors and gates see admitted calls only, its `fallback` every other path. */
  readonly adapter?: Omit<ConnectNodeAdapterOptions, 'routes'>
}

/** For `createServer` of node:http, node:https and node:http2. */
export interface ConnectListener {
  (request: NativeRequest, response: NativeResponse): void
  /** For a server that gets its connections without `listen()`. */
  readonly attach: (server: NetServer) => void
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Closes the providers; happens by itself when the last server closes. */
  close(): Promise<void>
}

/** Guards the RPCs of a service and serves them, over each protocol of Connect's; throws ConfigError. */
export function protect(
  rules: Rules,
  options: ConnectOptions<unknown>,
  services: Pick<Services, 'now' | 'revocations'>,
): ConnectListener {
  const settings = toSettings(options)
  const checked = toChecked(rules, settings)
  const policies = methodPolicies(rules, settings, options.resources ?? {})
  const methods: MethodTable = new Map()
  const guards = { gate: requestGate(methods, checked, settings), interceptor: endingStreams(services) }
  const { adapter = {} } = options
  const responses = new WeakMap<NativeRequest, NativeResponse>()
  const serve = connectNodeAdapter({
    ...adapter,
    contextValues(request) {
      const values = adapter.contextValues?.(request) ?? createContextValues()
      const response = responses.get(request)
      return response === undefined ? values : values.set(nativeKey, { request, response })
    },
    routes: (router) => void options.routes(guardedRouter(router, policies, methods, adapter, guards)),
  })
  policies.check()
  const listener: ConnectListener = Object.assign(
    (request: NativeRequest, response: NativeResponse): void => {
      responses.set(request, response)
      serve(request, response)
    },
    { attach: checked.attach, ready: () => rules.ready(), close: () => rules.close() },
  )
  onListen(listener, checked.attach)
  return listener
}
