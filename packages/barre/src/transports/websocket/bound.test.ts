// Tokens that are bound to a key (RFC 9449), renewed on the open connection.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { WebSocket } from 'ws'
import { makeProof, proofKey } from '../../../test/dpop-kit.ts'
import type { ProofChanges, ProofKey } from '../../../test/dpop-kit.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { startMs } from '../../../test/timed-tokens.ts'
import { ask, ended, isOpen, next, open, say, serveSockets, track } from '../../../test/websocket-wire.ts'
import type { SocketOptions, SocketService } from '../../../test/websocket-wire.ts'
import { ok, Secret } from '../../core/index.ts'
import type { CredentialSource, Need } from '../../core/index.ts'
import { createIssuer } from '../../jose/index.ts'
import type { DpopConfig } from '../../listener/index.ts'
import { webSocketClient } from './client.ts'
import { toAuthenticate } from './in-band.ts'
import { inBandRefusalsMax } from './session.ts'

const publicOrigin = 'https://orders.example'
const target = `${publicOrigin}/live`
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const [own, thief] = [proofKey(), proofKey()]
const done = '{"type":"barre.authenticated"}'

/** A token that lasts for so many seconds from the start of the test. */
async function issue(seconds: number, key: ProofKey | null = own, username = 'alice'): Promise<string> {
  const signatureConfig = { algorithm: 'ES256', config: privateKey } as const
  const config = { issuer: 'wso2', audience: 'orders', username, expTime: seconds, signatureConfig }
  const issuer = createIssuer(
    config,
    fakeServices(() => startMs),
    'issuer',
  )
  return issuer.issue({ claims: key === null ? {} : { cnf: { jkt: key.jkt } } })
}

async function prove(token: string, changes: ProofChanges = {}, key = own, nowMs = startMs): Promise<string> {
  return makeProof(key, { method: 'GET', target, token }, nowMs, changes)
}

/** The message that presents a token with its proof. */
function present(token: string, dpop: string | undefined): string {
  return toAuthenticate({ authorization: `DPoP ${token}`, ...(dpop !== undefined && { dpop }) })
}

async function serve(
  context: TestContext,
  dpopConfig: DpopConfig = {},
  options: Partial<SocketOptions> = {},
): Promise<SocketService> {
  const signatureConfig = { certFile: publicKey }
  const auth = [{ jwtValidatorConfig: { issuer: 'wso2', audience: 'orders', signatureConfig, dpopConfig } }]
  return serveSockets(context, { auth, publicOrigin, inBand: 'renew', ...options })
}

/** A connection of a token that ends after 10 s, and that token with the proof it was opened with. */
async function openBound(url: string): Promise<{ socket: WebSocket; token: string; proof: string }> {
  const token = await issue(10)
  const proof = await prove(token)
  const socket = await open(url, undefined, { headers: { authorization: `DPoP ${token}`, dpop: proof } })
  return { socket, token, proof }
}

test('a bound token is renewed with a proof of its own, also by the same token', async (context) => {
  const { url, tick } = await serve(context)
  const { socket, token } = await openBound(url)
  assert.equal(await say(socket, present(token, await prove(token))), done)
  const later = await issue(30)
  assert.equal(await say(socket, present(later, await prove(later))), done)
  tick(25_000)
  assert.equal(await say(socket, 'still'), 'alice: still')
  const end = ended(socket)
  tick(5000)
  assert.equal(await end, '4401 unauthorized')
})

interface First {
  readonly token: string
  readonly proof: string
}

const claims = (changed: Readonly<Record<string, unknown>>): ProofChanges => ({ claims: changed })
const withClaims = (changed: Readonly<Record<string, unknown>>) => async (): Promise<string> => {
  const token = await issue(20)
  return present(token, await prove(token, claims(changed)))
}

const attempts: readonly (readonly [
  claim: string,
  message: (first: First) => Promise<string>,
  expected?: string,
])[] = [
  ['no proof', async () => present(await issue(20), undefined)],
  ['the proof that opened the connection', async ({ token, proof }) => present(token, proof)],
  ['the proof of the old token', async ({ token }) => present(await issue(20), await prove(token))],
  ['a proof for another path', withClaims({ htu: `${publicOrigin}/admin` })],
  ['a proof for another host', withClaims({ htu: 'https://evil.example/live' })],
  ['a proof for another method', withClaims({ htm: 'POST' })],
  ['a proof for the name of the message', withClaims({ htm: 'AUTHENTICATE' })],
  ['an old proof', withClaims({ iat: startMs / 1000 - 3600 })],
  ['a proof of the future', withClaims({ iat: startMs / 1000 + 3600 })],
  [
    "another key's token, with its proof",
    async () => {
      const token = await issue(20, thief)
      return present(token, await prove(token, {}, thief))
    },
  ],
  [
    "another key's proof",
    async () => {
      const token = await issue(20)
      return present(token, await prove(token, {}, thief))
    },
  ],
  [
    'a proof that another key signed',
    async () => {
      const token = await issue(20)
      return present(token, await prove(token, { signer: thief.privateKey }))
    },
  ],
  [
    "another caller's token of the same key",
    async () => {
      const token = await issue(20, own, 'bob')
      return present(token, await prove(token))
    },
  ],
  [
    'a token that is bound to no key',
    async () => toAuthenticate({ authorization: `Bearer ${await issue(20, null)}` }),
  ],
  [
    'the same with a proof',
    async () => {
      const token = await issue(20, null)
      return toAuthenticate({ authorization: `Bearer ${token}`, dpop: await prove(token) })
    },
  ],
  [
    'a bound token as Bearer',
    async () => {
      const token = await issue(20)
      return toAuthenticate({ authorization: `Bearer ${token}`, dpop: await prove(token) })
    },
  ],
  [
    'two proofs',
    async () => {
      const [token, type] = [await issue(20), 'barre.authenticate']
      const dpop = [await prove(token), await prove(token)]
      return JSON.stringify({ type, authorization: `DPoP ${token}`, dpop })
    },
    '4400 invalid_request',
  ],
]
for (const [claim, message, expected = '4401 unauthorized'] of attempts) {
  test(`${claim} ends the connection: ${expected}`, async (context) => {
    const { url } = await serve(context)
    const { socket, ...first } = await openBound(url)
    const outcome = Promise.race([ended(socket), next(socket)])
    socket.send(await message(first))
    assert.equal(await outcome, expected)
  })
}

test('a proof is good once, on whichever connection', async (context) => {
  const { url } = await serve(context)
  const [{ socket }, other] = [await openBound(url), await openBound(url)]
  const token = await issue(20)
  const dpop = await prove(token)
  assert.equal(await say(socket, present(token, dpop)), done)
  const end = ended(other.socket)
  other.socket.send(present(token, dpop))
  assert.equal(await end, '4401 unauthorized')
  const asked = await ask(url, undefined, { headers: { authorization: `DPoP ${token}`, dpop } })
  assert.equal(isOpen(asked) ? 101 : asked.status, 401)
})

test('a connection may become bound, and stays so', async (context) => {
  const { url } = await serve(context)
  const socket = await open(url, await issue(10, null))
  const token = await issue(20)
  assert.equal(await say(socket, present(token, await prove(token))), done)
  const end = ended(socket)
  socket.send(toAuthenticate({ authorization: `Bearer ${await issue(30, null)}` }))
  assert.equal(await end, '4401 unauthorized')
})

/** The nonce that an answer says to use. */
function nonceOf(answer: string): string {
  const { type, code, headers } = JSON.parse(answer) as Record<string, string> & {
    headers: Record<string, string>
  }
  assert.deepEqual([type, code], ['barre.refused', 'invalid'])
  return headers['dpop-nonce']!
}

test('who brings no nonce is told it, and may try again, up to a limit', async (context) => {
  const { url, tick } = await serve(
    context,
    { nonces: {} },
    { inBand: 'authenticate', initTimeoutSeconds: 5 },
  )
  const token = await issue(20)
  const [socket, stubborn, slow] = [await open(url), await open(url), await open(url)]
  const nonce = nonceOf(await say(socket, present(token, await prove(token))))
  assert.equal(await say(socket, present(token, await prove(token, claims({ nonce })))), done)
  for (let tries = 0; tries < inBandRefusalsMax; tries++) {
    nonceOf(await say(socket, present(token, await prove(token))))
    nonceOf(await say(stubborn, present(token, await prove(token))))
  }
  assert.equal(await say(socket, present(token, await prove(token, claims({ nonce })))), done)
  nonceOf(await say(socket, present(token, await prove(token))))
  const end = ended(stubborn)
  stubborn.send(present(token, await prove(token)))
  assert.equal(await end, '4401 unauthorized')
  nonceOf(await say(slow, present(token, await prove(token))))
  const late = ended(slow)
  tick(5000)
  assert.equal(await late, '4401 unauthorized')
})

/** A source of bound tokens, one for each `renew`, that learns nonces from refusals. */
async function sourceOf(...lives: readonly number[]) {
  const tokens = await Promise.all(lives.map((seconds) => issue(seconds)))
  const needs: Need[] = []
  let index = 0
  let nonce: string | undefined
  const source: CredentialSource = {
    async credential(need) {
      needs.push(need)
      nonce = need.refused?.metadata('DPoP-Nonce')[0] ?? nonce
      const token = tokens[index]!
      const proof = await prove(token, claims({ ...(nonce !== undefined && { nonce }) }))
      const expiresAtSeconds = startMs / 1000 + lives[index]!
      return ok({ kind: 'token', scheme: 'DPoP', token: new Secret(token), expiresAtSeconds, proof })
    },
  }
  return { source, needs, renew: () => index++ }
}

for (const [claim, config, refusals] of [
  ['', {}, 0],
  [', and learns the nonces that are asked for', { nonces: { lifetimeSeconds: 1 } }, 2],
] as const) {
  test(`our client renews a bound token on the open connection${claim}`, async (context) => {
    const service = await serve(context, config)
    const { source, needs, renew } = await sourceOf(10, 100)
    let nowMs = startMs
    const client = webSocketClient(
      { url: service.url, auth: source, inBand: true },
      { now: () => nowMs, credentialSource: () => source },
    )
    context.after(() => client.close())
    const socket = track(await client.connect())
    renew()
    nowMs += 8500
    service.tick(8500)
    while (needs.length < 2 + refusals) await say(socket, 'still')
    assert.equal(await say(socket, 'still'), 'alice: still')
    service.tick(1500)
    assert.equal(await say(socket, 'still'), 'alice: still')
    assert.equal(needs.filter(({ refused }) => refused !== undefined).length, refusals)
    const called = service.url.replace('ws', 'http')
    for (const { method, target: url } of needs) assert.deepEqual([method, url], ['GET', called])
  })
}
