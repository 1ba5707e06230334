import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { importSigningKey, publicJwk, signJws } from 'barre/jose'
import { startGateway } from '../src/index.ts'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Services } from 'barre/core'
import type { GatewayConfig, RouteConfig } from '../src/index.ts'

export const nowSeconds = 1_800_000_000

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = importSigningKey(privateKey, { algorithm: 'ES256', kid: 'idp', path: 'test' })

/** The keys of the callers' issuer. */
export const jwks = { keys: [publicJwk(key)] }

/** The `auth` that callers of the tests satisfy. */
export const auth: NonNullable<GatewayConfig['auth']> = [
  {
    jwtValidatorConfig: {
      issuer: 'https://idp.test',
      audience: 'gateway',
      signatureConfig: { jwksConfig: { jwks } },
    },
  },
]

/** A caller's token. */
export async function callerToken(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const usual = { iss: 'https://idp.test', sub: 'alice', aud: 'gateway', scope: 'add_order' }
  return signJws(
    { typ: 'JWT' },
    JSON.stringify({ ...usual, jti: 'one', exp: nowSeconds + 3600, ...claims }),
    key,
  )
}

export async function bearer(
  claims: Readonly<Record<string, unknown>> = {},
): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await callerToken(claims)}` }
}

export async function listen(t: TestContext, listener: Listener): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => void listener(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** What an echoing upstream saw. */
export interface Seen {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string[] | undefined>>
  readonly body: string
}

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** An upstream that answers with what it saw. */
export const echo: Listener = async (request, response) => {
  const body = await readBody(request)
  const seen = { method: request.method, target: request.url, headers: request.headersDistinct, body }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(seen))
}

export async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

/** A token service under the test's control. */
export interface FakeSts {
  readonly url: string
  readonly requests: URLSearchParams[]
  readonly authorization: (string | undefined)[]
  /** Answers the next requests so; the default issues `exchanged-N`. */
  answer: (count: number) => { status: number; body: unknown } | Promise<{ status: number; body: unknown }>
}

export async function fakeSts(t: TestContext): Promise<FakeSts> {
  const sts: { -readonly [K in keyof FakeSts]: FakeSts[K] } = {
    url: '',
    requests: [],
    authorization: [],
    answer: (count) => issued(`exchanged-${count}`),
  }
  const { url } = await listen(t, async (request, response) => {
    sts.requests.push(new URLSearchParams(await readBody(request)))
    sts.authorization.push(request.headers.authorization)
    const { status, body } = await sts.answer(sts.requests.length)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  sts.url = `${url}/oauth2/token`
  return sts
}

export function issued(token: string, lifetimeSeconds = 300): { status: number; body: unknown } {
  return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: lifetimeSeconds } }
}

export interface TestGateway {
  readonly url: string
  /** Sends a raw request and answers with all that came back until the connection ended. */
  raw(text: string): Promise<string>
}

/** A running gateway with one upstream, `echo`, at `upstreamUrl`. */
export async function testGateway(
  t: TestContext,
  upstreamUrl: string,
  routes: readonly Partial<RouteConfig>[],
  more: Partial<GatewayConfig> = {},
  services: Partial<Services> = {},
): Promise<TestGateway> {
  const config: GatewayConfig = {
    port: 0,
    publicOrigin: 'https://api.test',
    auth,
    upstreams: { echo: { url: upstreamUrl } },
    routes: routes.map((route) => ({ path: '/*', upstream: 'echo', ...route })),
    ...more,
  }
  const gateway = await startGateway(config, { now: () => nowSeconds * 1000, ...services })
  t.after(() => gateway.close())
  return { url: gateway.url, raw: (text) => sendRaw(t, gateway.url, text) }
}

function sendRaw(t: TestContext, url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
    t.after(() => socket.destroy())
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

/** A gateway in front of an echoing upstream. */
export async function withEcho(t: TestContext, ...routes: Partial<RouteConfig>[]): Promise<TestGateway> {
  const { url } = await listen(t, echo)
  return testGateway(t, url, routes)
}

/** What the echoing upstream saw of a request that arrived. */
export async function see(response: Response): Promise<Seen> {
  assert.equal(response.status, 200)
  return (await response.json()) as Seen
}
