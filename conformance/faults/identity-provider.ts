import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { KeyObject } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What is asked of an identity provider, each at a URL of its own. */
export type Endpoint = 'token' | 'introspection' | 'jwks' | 'metadata'

/** What a provider without a fault would answer. */
export interface GoodAnswer {
  readonly type: string
  readonly body: string
}

/** Something that a provider does wrong: how it answers, or how it works. */
export interface Fault {
  /** Answers in place of the provider. */
  respond?(response: ServerResponse, good: GoodAnswer): void
  /** Changes the provider; what it answers stays well-formed. */
  disturb?(provider: Disturbable): void
  /** Only a time-out ends it. */
  readonly isEndless?: boolean
}

/** What a fault may change. */
interface Disturbable {
  /** How far the provider's clock is ahead of ours, in milliseconds. */
  skewMs: number
  /** Signs with a new key from now on, which it publishes alone, but only after one more answer with the old one. */
  swapKeys(): void
}

export interface IdentityProvider extends Disturbable {
  readonly url: string
  /** Where a fault is, and which. */
  fault: { readonly at: Endpoint; readonly kind: Fault } | undefined
  /** How many requests have come to an endpoint. */
  requests(at: Endpoint): number
  /** Ends whatever is wrong. */
  mend(): void
  /** An access token of now, as a JWT. */
  accessToken(): string
  close(): void
}

/** The one client, its secret, and how long tokens live; nothing of them may show in a log. */
export const client = { id: 'orders', secret: 'never-logged-secret' } as const
const lifeSeconds = 100

/** Starts a provider on a free port of loopback that does everything right until a fault is put in. */
export async function startIdentityProvider(now: () => number): Promise<IdentityProvider> {
  let key = newKey(1)
  let published = key
  const received: Endpoint[] = []
  const server = createServer((request, response) => {
    const at = endpointOf(request)
    received.push(at)
    const good = { type: typeOf(request), body: bodyOf(at, request) }
    const { fault } = provider
    if (fault?.at !== at || fault.kind.respond === undefined) send(response, good)
    else fault.kind.respond(response, good)
    if (at === 'jwks') published = key
  })
  const seconds = (): number => Math.floor((now() + provider.skewMs) / 1000)
  const claims = (): Record<string, unknown> => {
    const [iat, nbf, exp] = [seconds(), seconds(), seconds() + lifeSeconds]
    return { iss: provider.url, sub: 'alice', aud: client.id, scope: 'read', iat, nbf, exp }
  }
  const bodyOf = (at: Endpoint, request: IncomingMessage): string => {
    if (at === 'jwks') return JSON.stringify({ keys: [published.jwk] })
    if (at === 'metadata') {
      return JSON.stringify({
        issuer: provider.url,
        introspection_endpoint: `${provider.url}/introspection`,
      })
    }
    if (at === 'token') {
      return JSON.stringify({ access_token: 'opaque', token_type: 'Bearer', expires_in: lifeSeconds })
    }
    const answer = { active: true, ...claims() }
    if (!isSigned(request)) return JSON.stringify(answer)
    const about = { iss: provider.url, aud: client.id, iat: seconds(), token_introspection: answer }
    return toJwt('token-introspection+jwt', about, key)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const provider: IdentityProvider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: undefined,
    skewMs: 0,
    swapKeys: () => void (key = newKey(key.number + 1)),
    requests: (at) => received.filter((one) => one === at).length,
    mend() {
      provider.fault = undefined
      provider.skewMs = 0
      published = key
    },
    accessToken: () => toJwt('at+jwt', { ...claims(), client_id: client.id, jti: 'one' }, key),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return provider
}

function endpointOf({ url = '' }: IncomingMessage): Endpoint {
  if (url.startsWith('/.well-known/')) return 'metadata'
  return url.slice(1) as Endpoint
}

function isSigned({ headers }: IncomingMessage): boolean {
  return headers.accept === 'application/token-introspection+jwt'
}

function typeOf(request: IncomingMessage): string {
  return isSigned(request) ? 'application/token-introspection+jwt' : 'application/json'
}

function send(response: ServerResponse, { type, body }: GoodAnswer): void {
  response.writeHead(200, { 'content-type': type })
  response.end(body)
}

interface SigningKey {
  readonly number: number
  readonly jwk: object
  readonly privateKey: KeyObject
}

function newKey(number: number): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { number, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid: `key-${number}` } }
}

function toJwt(typ: string, claims: object, { privateKey, number }: SigningKey): string {
  const input = `${encode({ typ, alg: 'ES256', kid: `key-${number}` })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
