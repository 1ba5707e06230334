import { once } from 'node:events'
import { createServer, request as requestClear } from 'node:http'
import { createServer as createTlsServer, request as requestTls } from 'node:https'
import type {
  ClientRequest,
  IncomingMessage,
  OutgoingHttpHeaders,
  RequestListener,
  RequestOptions,
} from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import type { DenialCode } from 'barre/core'
import { toServerOptions } from 'barre/tls'
import type { ServerTlsOptions } from 'barre/tls'
import type { Answer, Place, Presented, Running, Sent, TransportKit, Verb } from '../harness/kit.ts'
import { close } from '../harness/world.ts'

const statuses: Readonly<Record<DenialCode, string>> = {
  missing: '401',
  invalid: '401',
  expired: '401',
  insufficient_authentication: '401',
  insufficient_scope: '403',
  malformed: '400',
  throttled: '429',
  unavailable: '503',
}

/** Where clients think they call: what proofs name. */
export const publicOrigin = 'https://orders.example'

/** What every wire over HTTP has in common: RFC 9110, RFC 6750. */
export const overHttp: Omit<TransportKit, 'folder' | 'start'> = {
  securities: ['clear', 'optional certificate', 'required certificate'],
  publicOrigin,
  admitted: '200',
  unknown: '404',
  spellings,
  // RFC 9110 §15.5.2: a 401 has a challenge; where nothing can be asked for, the answer is 403.
  says: (code, asks) => (statuses[code] === '401' && !asks ? '403' : statuses[code]),
}

function spellings(resource: string): readonly string[] {
  const escaped = `%${resource.charCodeAt(0).toString(16)}${resource.slice(1)}`
  const before = ['/', './', 'open/../', 'open/%2e%2e/', 'open%2f..%2f', 'open\\..\\']
  const after = ['/', '/.', '//', '%2f', '%00', ';a=b', '?', '#open']
  return [
    escaped,
    resource.toUpperCase(),
    ...before.map((prefix) => prefix + resource),
    ...after.map((suffix) => resource + suffix),
  ]
}

/** The options of node:https for a place, as a configuration makes them; none where it is in clear text. */
export function tlsOptions({ security, world }: Place): ServerTlsOptions | undefined {
  if (security === 'clear') return undefined
  const verifyClient = security === 'required certificate' ? 'REQUIRE' : 'OPTIONAL'
  return toServerOptions(
    { key: world.serverFiles, mutualSsl: { verifyClient, cert: world.authorityFile } },
    'secureSocket',
  )
}

/** How a wire's server is made, and called: over HTTP/1.1 or HTTP/2. */
export interface Version {
  toServer(listener: RequestListener, place: Place): Server
  send(port: number, place: Place, sent: Sent): Promise<Answer>
}

export const version1: Version = {
  toServer(listener, place) {
    const tls = tlsOptions(place)
    return tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  },
  send,
}

/** Starts a server at a place; rejects with what it reports while it starts. */
export async function run(server: Server, place: Place, version = version1): Promise<Running> {
  server.listen(0, place.host)
  // Rejects with the error that comes instead.
  await once(server, 'listening')
  return toRunning(server, place, () => close(server), version)
}

/** A started server, as the matrix calls it. */
export function toRunning(
  server: Server,
  place: Place,
  stop: () => Promise<void>,
  version = version1,
): Running {
  const { port } = server.address() as AddressInfo
  const url = `${place.security === 'clear' ? 'http' : 'https'}://127.0.0.1:${port}`
  return { url, call: (sent) => version.send(port, place, sent), close: stop }
}

export const methods: Readonly<Record<Verb, string>> = {
  read: 'GET',
  look: 'HEAD',
  write: 'POST',
  'unfinished write': 'POST',
}

async function send(port: number, place: Place, sent: Sent): Promise<Answer> {
  const { verb = 'read', resource, presented } = sent
  const proofs = await presented.proof?.(methods[verb], `${publicOrigin}/${resource}`)
  const request = openRequest(port, place, presented, {
    method: methods[verb],
    path: `/${resource}${sent.query ?? ''}`,
    headers: {
      ...(proofs !== undefined && { dpop: [...proofs] }),
      ...(verb.endsWith('write') && { 'content-type': 'application/json', 'content-length': '14' }),
    },
  })
  if (verb === 'write') request.end('{"item":"cup"}')
  else if (verb === 'unfinished write') request.write('{"item":')
  else request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await new Response(response).text()
  request.destroy()
  return toAnswer(response.statusCode ?? 0, response.rawHeaders, body)
}

/** A request over HTTP/1.1, with the headers that a caller presents. */
export function openRequest(
  port: number,
  { security, world }: Place,
  { authorization, certificate }: Presented,
  { headers, ...about }: Pick<RequestOptions, 'method' | 'path'> & { readonly headers: OutgoingHttpHeaders },
): ClientRequest {
  const options = {
    ...about,
    port,
    host: '127.0.0.1',
    agent: false,
    headers: {
      // An array is sent as one header each; the types know that of other names only.
      ...(authorization !== undefined && { authorization: authorization as never }),
      ...headers,
    },
  } as const
  if (security === 'clear') return requestClear(options)
  return requestTls({ ...options, ca: world.authority, ...certificate })
}

// RFC 9110 §11.6.1: several challenges may share a header; each begins with a scheme alone or a scheme and a parameter.
export const nextChallenge = /, (?=[\w-]+(?: \w+=|,|$))/

/** An answer of either version. */
export function toAnswer(status: number, rawHeaders: readonly string[], body: string): Answer {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const values = rawHeaders.filter((_, index) => index % 2 === 1)
  const all = (wanted: string): string[] => values.filter((_, index) => names[index] === wanted)
  return {
    says: String(status),
    challenges: all('www-authenticate').flatMap((value) => value.split(nextChallenge)),
    metadata: (name) => all(name)[0],
    text: `${rawHeaders.join('\n')}\n${body}`,
    ...(status === 200 && body !== '' && { content: JSON.parse(body) as unknown }),
  }
}

/** The parsed body of a write, for wires without a body parser. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  if (request.method !== 'POST') return undefined
  return JSON.parse(await new Response(request).text())
}
