import type { ServerHttp2Stream } from 'node:http2'
import type { Server as NetServer } from 'node:net'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import type { Metadata, ServerOptions } from '@grpc/grpc-js'
import { ConfigError, guard, isPromise } from '../../core/index.ts'
import type { Decision, ListenerSecureSocket, Principal, Rules, Services } from '../../core/index.ts'
import {
  findProblem,
  intercept,
  mustNotServe,
  problemFinder,
  refuseToStart,
  toSettings,
} from '../http/index.ts'
import type { HttpOptions, HttpSettings, Intercept } from '../http/index.ts'
import { methodPolicies } from '../rpc/index.ts'
import { grantedCalls, principals } from './granted-calls.ts'
import type { Grant } from './granted-calls.ts'
import { toGrpcCall } from './grpc-call.ts'
import { registerMethods } from './resources.ts'
import type { Method } from './resources.ts'
import { serverCredentials } from './server-credentials.ts'
import { toTrailersOnly } from './status.ts'

export interface GrpcServerOptions<Auth> extends Omit<HttpOptions, 'resourceMetadata'> {
  /**
   * What a service (`'orders.Orders'`) or one of its methods (`'orders.Orders/Place'`) demands; `true` is the server's
   * `auth` as it is, `false` is open. A method in no row demands what its service does; a service in none, `auth`.
   */
  readonly resources?: Readonly<Record<string, Auth | true>>
  /** TLS of `listen`; absent: clear text, on loopback only. Its files are watched. */
  readonly secureSocket?: ListenerSecureSocket
  /** Options of the gRPC server itself; `interceptors` see admitted calls only. */
  readonly server?: ServerOptions
}

/** What an entry makes a server from. */
export interface GrpcServerConfig<Auth, ResourceAuth> extends GrpcServerOptions<ResourceAuth> {
  readonly auth: Auth
  readonly services?: Partial<Services>
}

/** A gRPC server that lets in who may call. Services are added to it as to any other. */
export interface GuardedServer extends Server {
  /**
   * Binds `host:port`, over TLS where there is a `secureSocket`, and gives the port. Rejects with ConfigError for what
   * must not be served.
   */
  listen(address: string): Promise<number>
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Lets calls under way end, then closes the providers. */
  close(): Promise<void>
}

/** Who called, from what a handler gets; absent where the method is open, or optional and nobody authenticated. */
export function principalOf({ metadata }: { readonly metadata: Metadata }): Principal | undefined {
  return principals.get(metadata)
}

/** Makes a gRPC server; throws ConfigError. */
export function guardedServer(
  rules: Rules,
  options: GrpcServerOptions<unknown>,
  services: Pick<Services, 'now' | 'log' | 'revocations'>,
): GuardedServer {
  const settings = toSettings(options)
  const calls = grantedCalls(services)
  const server = new Server({
    ...options.server,
    interceptors: [calls.interceptor, ...(options.server?.interceptors ?? [])],
  })
  const policies = methodPolicies(rules, settings, options.resources ?? {})
  const methods = registerMethods(server, policies)
  const tls = options.secureSocket && serverCredentials(options.secureSocket, services)
  let problem: ConfigError | undefined
  beforeEvents(server, (http2Server) => {
    const find = (): ConfigError | undefined => (problem = findProblem(http2Server, rules, settings))
    const problemOf = problemFinder(rules, settings)
    const judge = (stream: ServerHttp2Stream, rawHeaders: readonly string[], path: string, method: Method) =>
      problemOf(http2Server) !== undefined && method.policy !== undefined
        ? mustNotServe
        : decide(stream, rawHeaders, path, method, settings)
    return new Map([
      ['listening', refuseToStart(http2Server, find)],
      ['stream', streamGuard(methods, judge, calls.grant)],
    ])
  })
  return Object.assign(server, {
    async listen(address: string): Promise<number> {
      policies.check()
      problem = undefined
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      server.bindAsync(address, tls?.credentials ?? ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(problem ?? error),
      )
      return promise
    },
    ready: () => rules.ready(),
    async close(): Promise<void> {
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
      tls?.close()
      await rules.close()
    },
  })
}

/** Puts intercepts before what gRPC does with the HTTP/2 servers that it makes, one for each address that is bound. */
function beforeEvents(
  server: Server,
  intercepts: (http2Server: NetServer) => ReadonlyMap<string, Intercept>,
): void {
  // A private member: nothing public shows a stream with all that was sent, or the connection that it came on.
  const create = server['createHttp2Server']?.bind(server)
  if (create === undefined) {
    throw new ConfigError('', 'this version of @grpc/grpc-js cannot be guarded: use 1.14')
  }
  server['createHttp2Server'] = (credentials: ServerCredentials) => {
    const http2Server = create(credentials)
    intercept(http2Server, intercepts(http2Server))
    return http2Server
  }
}

type Judge = (
  stream: ServerHttp2Stream,
  rawHeaders: readonly string[],
  path: string,
  method: Method,
) => Decision | Promise<Decision>

/** For the `stream` event: refuses on the stream, before gRPC has read anything of it, or hands it on. */
function streamGuard(
  methods: ReadonlyMap<string, Method>,
  judge: Judge,
  grant: (grant: Grant, take: () => void) => void,
): Intercept {
  return (proceed, ...args) => {
    const [stream, headers, , rawHeaders] = args as [
      ServerHttp2Stream,
      { ':path'?: string },
      number,
      string[],
    ]
    const path = headers[':path'] ?? ''
    const method = methods.get(path)
    // gRPC knows no such method either, and says so.
    if (method === undefined) return proceed()
    const settle = (decision: Decision): void => {
      if (stream.destroyed) return
      if (!decision.ok) return refuse(stream, decision)
      grant({ stream, principal: decision.principal, reply: decision.reply }, proceed)
    }
    const decision = judge(stream, rawHeaders, path, method)
    if (!isPromise(decision)) settle(decision)
    else {
      // gRPC does not handle its errors yet; what is to be known of them, `destroyed` tells.
      stream.on('error', () => {})
      void decision.then(settle)
    }
    return true
  }
}

function decide(
  stream: ServerHttp2Stream,
  rawHeaders: readonly string[],
  path: string,
  { policy, kind }: Method,
  settings: HttpSettings,
): Decision | Promise<Decision> {
  if (policy === undefined) return { ok: true, reply: [] }
  return guard(policy, toGrpcCall(stream, rawHeaders, path, kind, settings))
}

function refuse(stream: ServerHttp2Stream, refusal: Decision & { readonly ok: false }): void {
  stream.on('error', () => {})
  stream.respond(toTrailersOnly(refusal), { endStream: true })
  // Nothing is wanted of what is still to come of the message.
  stream.close()
}
