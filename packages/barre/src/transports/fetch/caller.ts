import { parseAuthorization, Secret } from '../../core/index.ts'
import type { Caller, Principal } from '../../core/index.ts'

/**
 * An inbound request that a guard let in: Fastify's or Express's own, Koa's context, or
 * `{ principal, headers: request.headers }`.
 */
export interface CallerRequest {
  readonly principal?: Principal | undefined
  /** The token to pass on, where it does not stand in the headers. */
  readonly credential?: Secret | undefined
  readonly headers?: Headers | Readonly<Record<string, string | readonly string[] | undefined>> | undefined
}

/** Who called us, with the bearer token that they showed; nobody where no guard has named a principal. */
export function toCaller({ principal, credential, headers }: CallerRequest): Caller | undefined {
  if (principal === undefined) return undefined
  const token = credential ?? readBearer(headers)
  return { principal, ...(token !== undefined && { credential: token }) }
}

function readBearer(headers: CallerRequest['headers']): Secret | undefined {
  const value = headers instanceof Headers ? headers.get('authorization') : headers?.['authorization']
  if (typeof value !== 'string') return undefined
  const authorization = parseAuthorization(value)
  return authorization?.scheme.toLowerCase() === 'bearer' ? new Secret(authorization.token) : undefined
}
