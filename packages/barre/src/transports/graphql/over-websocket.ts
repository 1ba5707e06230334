import type { WebSocket } from 'ws'
import type { Denial, Principal } from '../../core/index.ts'
import type { ProtectedSockets } from '../websocket/index.ts'

/** The part of graphql-ws's context that we read. */
interface GraphqlWsContext {
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined
  readonly extra: unknown
}

/** The context value of an operation: whoever is calling then. */
export interface OperationContext {
  readonly principal: Principal | undefined
}

/** Options for `useServer` of graphql-ws. */
export interface GraphqlWsHooks {
  onConnect(context: GraphqlWsContext): Promise<boolean>
  context(context: GraphqlWsContext): OperationContext
}

const brokenInit: Denial = {
  code: 'malformed',
  detail: 'expected text as authorization, and as dpop beside it, in connection_init',
}
const emptyInit: Denial = { code: 'missing', detail: 'connection_init brought no authorization' }

/**
 * Joins graphql-ws with guarded WebSockets: `useServer({ schema, ...overWebSocket(live) }, live.server)`. The
 * credential came at the upgrade, or comes in connection_init, as `authorization` in its payload: then `live` has
 * `inBand: 'handler'`.
 */
export function overWebSocket(live: Pick<ProtectedSockets, 'contextOf'>): GraphqlWsHooks {
  const sessionOf = ({ extra }: GraphqlWsContext) =>
    live.contextOf((extra as { readonly socket: WebSocket }).socket)
  return {
    async onConnect(context) {
      const session = sessionOf(context)
      const { authorization, dpop } = context.connectionParams ?? {}
      if (session === undefined) return false
      if (typeof authorization === 'string' && (dpop === undefined || typeof dpop === 'string')) {
        const denial = await session.authenticate(authorization, dpop)
        if (denial !== undefined) session.end(denial)
        return denial === undefined
      }
      if (authorization !== undefined || dpop !== undefined) session.end(brokenInit)
      else if (session.mustAuthenticate && session.principal === undefined) session.end(emptyInit)
      else return true
      return false
    },
    context(context) {
      const session = sessionOf(context)
      return {
        get principal() {
          return session?.principal
        },
      }
    },
  }
}
