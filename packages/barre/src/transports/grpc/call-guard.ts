import type { ServerHttp2Stream } from 'node:http2'
import type { Server as NetServer } from 'node:net'
import type { Server, ServerCredentials, ServerInterceptor } from '@grpc/grpc-js'
import { ConfigError, guard, isPromise } from '../../core/index.ts'
import type { Decision, Rules, Services } from '../../core/index.ts'
import { findProblem, intercept, mustNotServe, problemFinder, refuseToStart } from '../http/index.ts'
import type { HttpSettings, Intercept } from '../http/index.ts'
import type { MethodPolicies } from '../rpc/index.ts'
import { grantedCalls } from './granted-calls.ts'
import type { Grant } from './granted-calls.ts'
import { toGrpcCall } from './grpc-call.ts'
import { registerMethods } from './resources.ts'
import type { Method } from './resources.ts'
import { toTrailersOnly } from './status.ts'

/** Decides the calls of gRPC servers, whoever made them. */
export interface CallGuard {
  /** The first of a server's interceptors: it hands over what was decided, and ends streams. */
  readonly interceptor: ServerInterceptor
  /**
   * Guards the methods that are added to a server from now on, by their policies. `report` is told why one of its
   * addresses is not served; throws it where that is bound already.
   */
  attach(server: Server, policies: MethodPolicies, report?: (problem: ConfigError) => void): void
}

export function callGuard(
  rules: Rules,
  settings: HttpSettings,
  services: Pick<Services, 'now' | 'revocations'>,
): CallGuard {
  const { grant, interceptor } = grantedCalls(services)
  return {
    interceptor,
    attach(server, policies, report) {
      const methods = registerMethods(server, policies)
      beforeEvents(server, (http2Server) => {
        const find = (): ConfigError | undefined => {
          const problem = findProblem(http2Server, rules, settings)
          if (problem !== undefined) report?.(problem)
          return problem
        }
        const problem = http2Server.listening ? find() : undefined
        if (problem !== undefined) throw problem
        const problemOf = problemFinder(rules, settings)
        const judge: Judge = (stream, rawHeaders, path, method) =>
          problemOf(http2Server) !== undefined && method.policy !== undefined
            ? mustNotServe
            : decide(stream, rawHeaders, path, method, settings)
        return new Map([
          ['listening', refuseToStart(http2Server, find)],
          ['stream', streamGuard(methods, judge, grant)],
        ])
      })
    },
  }
}

/** Puts intercepts before what gRPC does with the HTTP/2 servers that it makes, one for each address that is bound. */
function beforeEvents(
  server: Server,
  intercepts: (http2Server: NetServer) => ReadonlyMap<string, Intercept>,
): void {
  // Private members: nothing public shows a stream with all that was sent, or the connection that it came on.
  const create = server['createHttp2Server']?.bind(server)
  const bound = server['http2Servers']
  if (create === undefined || bound === undefined) {
    throw new ConfigError('', 'this version of @grpc/grpc-js cannot be guarded: use 1.14')
  }
  for (const http2Server of bound.keys()) intercept(http2Server, intercepts(http2Server))
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
      const { principal, reply } = decision
      grant({ stream, principal, reply, policy: method.policy }, proceed)
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
