import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  basic,
  client,
  nowSeconds,
  secret,
  temporaryDirectory,
  testSts,
  withUsers,
} from '../../test/fixture.ts'
import type { TestContext } from 'node:test'

const grant = { grant_type: 'client_credentials' }

test('each issue and each refusal is one line, which holds no secret and no token', async (t) => {
  const auditFile = join(temporaryDirectory(t), 'audit.jsonl')
  const sts = await testSts(t, { auditFile })
  const { body } = await sts.token(grant)
  await sts.token(grant, basic('gateway', 'wrong-secret'))
  await sts.token({ ...grant, scope: 'x"\n{"event":"forged"}' })
  await sts.running.close()
  const text = readFileSync(auditFile, 'utf8')
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    lines.map(({ event, error, clientId }) => [event, error, clientId]),
    [
      ['token_issued', undefined, 'gateway'],
      ['request_refused', 'invalid_client', undefined],
      ['request_refused', 'invalid_scope', undefined],
    ],
  )
  assert.equal(lines[0]?.['time'], new Date(nowSeconds * 1000).toISOString())
  for (const hidden of ['wrong-secret', String(body['access_token'])])
    assert.equal(text.includes(hidden), false)
  assert.equal(statSync(auditFile).mode & 0o777, 0o600)
})

test('counts and times, for Prometheus, on a listener of their own', async (t) => {
  const sts = await testSts(t, { admin: { port: 0 } })
  await sts.token(grant)
  await sts.token(grant, null)
  assert.equal((await fetch(`${sts.url}/metrics`)).status, 404)
  const response = await fetch(`${sts.running.adminUrl}/metrics`)
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  assert.match(text, /^barre_sts_tokens_issued_total\{grant="client_credentials"\} 1$/m)
  assert.match(text, /^barre_sts_refusals_total\{endpoint="\/oauth2\/token",error="invalid_client"\} 1$/m)
  assert.match(text, /^barre_sts_request_duration_seconds_count\{endpoint="\/oauth2\/token"\} 2$/m)
  assert.match(
    text,
    /^barre_sts_request_duration_seconds_bucket\{endpoint="\/oauth2\/token",le="\+Inf"\} 2$/m,
  )
  assert.equal((await fetch(`${sts.running.adminUrl}/ready`)).status, 200)
})

test('the operators’ listener is on no public address', async (t) => {
  await assert.rejects(testSts(t, { admin: { host: '0.0.0.0', port: 0 } }), { path: 'admin.host' })
})

test('an address that is refused too often waits; what succeeds is not counted', async (t) => {
  let nowMs = nowSeconds * 1000
  const sts = await testSts(t, { limits: { refusalsPerMinute: 3 } }, { now: () => nowMs })
  for (const authorization of [null, undefined, null, undefined, null]) await sts.token(grant, authorization)
  const { status, body, headers } = await sts.token(grant)
  assert.deepEqual([status, body['error']], [429, 'temporarily_unavailable'])
  nowMs += Number(headers.get('retry-after')) * 1000
  assert.equal((await sts.token(grant)).status, 200)
})

test('a client has so many requests a minute, another one its own', async (t) => {
  const clients = [await client('gateway'), await client('other')]
  const sts = await testSts(t, { clients, limits: { requestsPerMinute: 2 } })
  const statuses = []
  for (let count = 0; count < 3; count++) statuses.push((await sts.token(grant)).status)
  assert.deepEqual(statuses, [200, 200, 429])
  assert.equal((await sts.token(grant, basic('other', secret))).status, 200)
})

test('a reload takes clients away and brings others, and what cannot change stops it', async (t) => {
  const before = { issuer: 'https://sts.test', port: 0, keysDirectory: join(temporaryDirectory(t), 'keys') }
  const sts = await testSts(t, before)
  await sts.running.reload({ ...before, clients: [await client('new')] })
  assert.equal((await sts.token(grant)).status, 401)
  assert.equal((await sts.token(grant, basic('new', secret))).status, 200)
  const clients = [await client('newer')]
  for (const [more, path] of [
    [{ issuer: 'https://other.test' }, 'issuer'],
    [{ port: 1 }, 'port'],
    [{ tokens: { algorithm: 'RS256' as const } }, 'tokens.algorithm'],
    [{ tokens: { lifetimeSeconds: 3600 } }, 'tokens.lifetimeSeconds'],
    [{ clients: [] }, 'clients'],
  ] as const) {
    await assert.rejects(sts.running.reload({ ...before, clients, ...more }), { path })
    assert.equal((await sts.token(grant, basic('new', secret))).status, 200, 'as it was')
  }
})

test('requests while the keys rotate and the settings reload are all answered', async (t) => {
  const config = { ...(await withUsers(t)), keysDirectory: join(temporaryDirectory(t), 'keys') }
  const sts = await testSts(t, config)
  const again = { issuer: 'https://sts.test', port: 0, clients: [await client('gateway')], ...config }
  const changes = (async () => {
    for (let count = 0; count < 5; count++) {
      await sts.running.rotateKeys()
      await sts.running.reload(again)
    }
  })()
  const statuses = []
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => sts.token(grant)))
    statuses.push(...answers.map(({ status }) => status))
  }
  await changes
  assert.deepEqual(new Set(statuses), new Set([200]))
})

/** What a server answers to bytes. */
function send(t: TestContext, url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
    t.after(() => socket.destroy())
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}

const head = 'POST /oauth2/token HTTP/1.1\r\nhost: sts\r\nconnection: close\r\n'
const form = 'content-type: application/x-www-form-urlencoded\r\n'
for (const [claim, text, status] of [
  ['a URL that cannot be decoded', 'GET /% HTTP/1.1\r\nhost: sts\r\nconnection: close\r\n\r\n', 400],
  ['bytes that are no HTTP', 'hello\r\n\r\n', 400],
  ['headers that are too long', `${head}x: ${'x'.repeat(20_000)}\r\n\r\n`, 400],
  ['two lengths', `${head}content-length: 1\r\ncontent-length: 2\r\n\r\n`, 400],
  ['a length and chunks', `${head}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`, 400],
  [
    'a body that is announced too long',
    `${head}${form}content-length: 50000\r\nexpect: 100-continue\r\n\r\n`,
    413,
  ],
  ['another expectation', `${head}${form}content-length: 1\r\nexpect: wonders\r\n\r\n`, 417],
] as const) {
  test(`${claim}: refused in the words of the RFC`, async (t) => {
    const sts = await testSts(t)
    const answer = await send(t, sts.url, text)
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.match(answer, /"error":"invalid_request","error_description":"/)
    assert.doesNotMatch(answer, /100 Continue/)
  })
}
