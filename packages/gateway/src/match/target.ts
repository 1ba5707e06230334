import { ok, refuse } from 'barre/core'
import { normalisePath } from 'barre/transports/http'
import type { IncomingMessage } from 'node:http'
import type { Result } from 'barre/core'

/** Where a request wants to go, in the one spelling that every later step uses. */
export interface Target {
  /** In lower case, without a port. */
  readonly host: string
  /** Normalised; the upstream gets this one, not what the client wrote. */
  readonly path: string
  /** With its `?`; as the client wrote it. */
  readonly query: string
}

const hostForm = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

// Wider than RFC 3986 §3.4, as browsers are; but no control character, no space, no fragment.
const queryForm = /^[\x21\x22\x24-\x7e]*$/

/** Reads host, path and query; `malformed` for whatever two servers could read in two ways. */
export function readTarget(request: IncomingMessage): Result<Target> {
  const hosts = request.headersDistinct['host'] ?? []
  const host = hostForm.exec(hosts[0] ?? '')?.[1]
  if (hosts.length !== 1 || host === undefined) return refuse('malformed', 'not exactly one well-formed Host')
  const target = request.url ?? ''
  const path = normalisePath(target)
  if (!path.ok) return path
  // RFC 3986 §3.3 allows parameters in a segment. To servers that cut them off, `/admin;x` is `/admin`.
  if (/;|%3B/.test(path.value)) return refuse('malformed', 'a parameter in a path segment')
  const start = target.indexOf('?')
  const query = start === -1 ? '' : target.slice(start)
  if (!queryForm.test(query)) return refuse('malformed', 'a query with characters that must be escaped')
  return ok({ host: host.toLowerCase(), path: path.value, query })
}
