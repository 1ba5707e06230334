import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashArgon2id } from 'barre/crypto'
import { createServices } from 'barre/auth'
import { createValidator, importSigningKey, publicJwk, signJws } from 'barre/jose'
import { startSts } from '../src/index.ts'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Result, Services } from 'barre/core'
import type { JwsAlgorithm, Jwks, Payload, SigningKey } from 'barre/jose'
import type { ClientConfig, RunningSts, StsConfig, TrustedIssuerConfig } from '../src/index.ts'

export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const jwtType = 'urn:ietf:params:oauth:token-type:jwt'
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
export const issuerUrl = 'https://sts.test'
export const nowSeconds = 1_800_000_000
export const secret = 'a secret, with: colon + plus & 100 %'

/** An outside issuer: signs whatever it is told. */
export interface OutsideIssuer {
  readonly config: TrustedIssuerConfig
  sign(
    claims?: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>
}

export function outsideIssuer(name: string, more: Partial<TrustedIssuerConfig> = {}): OutsideIssuer {
  const key = signingKey('ES256', 'outside')
  return {
    config: {
      jwtValidatorConfig: {
        issuer: name,
        audience: 'gateway',
        signatureConfig: { jwksConfig: { jwks: { keys: [publicJwk(key)] } } },
      },
      ...more,
    },
    sign: async (claims, header) =>
      signJws({ typ: 'JWT', ...header }, JSON.stringify(subject(name, claims)), key),
  }
}

function subject(name: string, claims: Readonly<Record<string, unknown>> = {}): object {
  const usual = { iss: name, sub: 'alice', aud: 'gateway', scope: 'add_order update_order' }
  return { ...usual, iat: nowSeconds, exp: nowSeconds + 3600, ...claims }
}

export function signingKey(algorithm: JwsAlgorithm, kid: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return importSigningKey(privateKey, { algorithm, kid, path: 'test' })
}

/** Hashes as cheaply as argon2id can. */
export function cheapHash(password: string): Promise<string> {
  return hashArgon2id(password, randomBytes(16), { memoryKib: 8, passes: 1, lanes: 1 })
}

export async function client(clientId: string, more: Partial<ClientConfig> = {}): Promise<ClientConfig> {
  return {
    clientId,
    secretHash: await cheapHash(secret),
    grants: ['client_credentials', exchangeGrant],
    scopes: ['add_order', 'update_order', 'cancel_order'],
    audiences: ['orders'],
    ...more,
  }
}

export function temporaryDirectory(test: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'barre-sts-'))
  test.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export interface TestSts {
  readonly url: string
  readonly running: RunningSts
  /** Sends a form to an endpoint; `authorization` as for `token`. */
  post(
    path: string,
    form: string | Readonly<Record<string, string>>,
    authorization?: string | null,
    headers?: Readonly<Record<string, string>>,
  ): Promise<TokenAnswer>
  /** Sends a token request; `authorization` `null` sends none, absent the gateway's own. */
  token(form: string | Readonly<Record<string, string>>, authorization?: string | null): Promise<TokenAnswer>
}

export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** A running service with the client `gateway`, on a clock that stands still unless `services` bring one. */
export async function testSts(
  test: TestContext,
  more: Partial<StsConfig> = {},
  services: Partial<Services> = {},
): Promise<TestSts> {
  const config: StsConfig = {
    issuer: issuerUrl,
    port: 0,
    ...(more.pkcs11 === undefined && { keysDirectory: join(temporaryDirectory(test), 'keys') }),
    clients: [await client('gateway')],
    ...more,
  }
  const sts = await startSts(config, { now: () => nowSeconds * 1000, ...services })
  test.after(() => sts.close())
  const post: TestSts['post'] = async (
    path,
    form,
    authorization = basic('gateway', secret),
    headers = {},
  ) => {
    const response = await fetch(`${sts.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(authorization !== null && { authorization }),
        ...headers,
      },
      body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    const body = (isJson ? JSON.parse(text) : { text }) as Record<string, unknown>
    return { status: response.status, headers: response.headers, body }
  }
  return {
    url: sts.url,
    running: sts,
    post,
    token: (form, authorization) => post('/oauth2/token', form, authorization),
  }
}

/** A store in a file, and the user `alice` with the password `wonderland`. */
export async function withUsers(test: TestContext): Promise<Pick<StsConfig, 'store' | 'users'>> {
  const password = await cheapHash('wonderland')
  const users = [{ username: 'alice', password, scopes: ['add_order', 'update_order'] }]
  return {
    store: { sqlite: { file: join(temporaryDirectory(test), 'sts.db') } },
    users: { fileUserStoreConfig: { users } },
  }
}

/** RFC 6749 §2.3.1: form-encoded inside Basic. */
export function basic(clientId: string, clientSecret: string): string {
  return `Basic ${Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64')}`
}

function formEncode(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1)
}

export function exchange(
  subjectToken: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { grant_type: exchangeGrant, subject_token: subjectToken, subject_token_type: jwtType, ...more }
}

/** The claims and header of a token, unverified. */
export function read(token: unknown): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header, claims] = String(token)
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>)
  return { header: header!, claims: claims! }
}

/** What a resource server makes of a token: RFC 9068 §4, with the keys as published now. */
export async function verify(
  url: string,
  token: unknown,
  nowMs: number = nowSeconds * 1000,
): Promise<Result<Payload>> {
  const jwks = (await (await fetch(`${url}/oauth2/jwks`)).json()) as Jwks
  const validator = createValidator(
    { issuer: issuerUrl, audience: 'orders', profile: 'at+jwt', signatureConfig: { jwksConfig: { jwks } } },
    createServices({ now: () => nowMs }),
    'test',
  )
  return validator.validate(String(token))
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
