import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { basic, issuerUrl, secret, testSts, verify } from '../../test/fixture.ts'
import { formMaxBytes } from '../form.ts'
import type { TestContext } from 'node:test'

const good = 'grant_type=client_credentials'

test('every answer of the token endpoint forbids caching', async (t) => {
  const sts = await testSts(t)
  for (const answer of [await sts.token(good), await sts.token(good, null), await sts.token('scope=%zz')]) {
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('pragma'), 'no-cache')
    assert.match(answer.headers.get('content-type')!, /^application\/json/)
  }
})

const grants: [claim: string, form: string, error: string][] = [
  ['no grant type', 'scope=add_order', 'invalid_request'],
  ['a grant type sent twice', `${good}&${good}`, 'invalid_request'],
  ['an unknown grant type', 'grant_type=implicit', 'unsupported_grant_type'],
  ['a grant type of Object.prototype', 'grant_type=constructor', 'unsupported_grant_type'],
]

test('grants', async (t) => {
  const sts = await testSts(t)
  for (const [claim, form, error] of grants) {
    await t.test(`refuses ${claim}`, async () => {
      const answer = await sts.token(form)
      assert.deepEqual([answer.status, answer.body['error']], [400, error])
      // RFC 6749 §5.2: what an error_description may be made of.
      assert.match(String(answer.body['error_description']), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    })
  }
})

interface Sent {
  readonly method?: string
  readonly query?: string
  readonly type?: string
  readonly body?: string
}

const requests: [claim: string, request: Sent, status: number][] = [
  ['GET', { method: 'GET' }, 405],
  ['PUT', { method: 'PUT', body: good }, 405],
  ['parameters in the query', { query: '?scope=add_order', body: good }, 400],
  ['JSON', { type: 'application/json', body: '{"grant_type":"client_credentials"}' }, 400],
  ['a body without a type', { type: '', body: good }, 400],
  ['multipart', { type: 'multipart/form-data; boundary=x', body: '--x--' }, 400],
  ['an empty body', { body: '' }, 400],
  ['a body past the limit', { body: `${good}&pad=${'x'.repeat(formMaxBytes)}` }, 413],
]

test('requests', async (t) => {
  const sts = await testSts(t)
  for (const [claim, { method = 'POST', query = '', type, body }, status] of requests) {
    await t.test(`answers ${claim} with ${status}`, async () => {
      const response = await fetch(`${sts.url}/oauth2/token${query}`, {
        method,
        headers: {
          authorization: basic('gateway', secret),
          ...(body !== undefined && { 'content-type': type ?? 'application/x-www-form-urlencoded' }),
        },
        ...(body !== undefined && { body: Buffer.from(body) }),
      })
      assert.equal(response.status, status)
      const { error } = (await response.json()) as { error: string }
      assert.equal(error, 'invalid_request')
      assert.equal(response.headers.get('allow'), status === 405 ? 'POST' : null)
    })
  }
})

test('takes a body as long as the limit says', async (t) => {
  const sts = await testSts(t)
  const form = `${good}&pad=`
  assert.equal((await sts.token(form + 'x'.repeat(formMaxBytes - form.length))).status, 200)
})

test('refuses two Authorization headers', async (t) => {
  const sts = await testSts(t)
  const authorization = `authorization: ${basic('gateway', secret)}\r\n`
  const answer = await sendRaw(
    t,
    sts.url,
    `POST /oauth2/token HTTP/1.1\r\nhost: sts\r\n${authorization}${authorization}connection: close\r\n` +
      `content-type: application/x-www-form-urlencoded\r\ncontent-length: ${good.length}\r\n\r\n${good}`,
  )
  assert.match(answer, /^HTTP\/1\.1 400 /)
  assert.match(answer, /"error":"invalid_request"/)
})

function sendRaw(t: TestContext, url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
    t.after(() => socket.destroy())
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}

test('tokens verify with the published keys, which may be cached', async (t) => {
  const sts = await testSts(t)
  const response = await fetch(`${sts.url}/oauth2/jwks`)
  assert.equal(response.headers.get('cache-control'), 'public, max-age=300')
  assert.equal(response.headers.get('content-type'), 'application/jwk-set+json; charset=utf-8')
  const { body } = await sts.token(good)
  assert.equal((await verify(sts.url, body['access_token'])).ok, true)
})

test('the metadata tells what is there and nothing else', async (t) => {
  const sts = await testSts(t)
  const response = await fetch(`${sts.url}/.well-known/oauth-authorization-server`)
  assert.equal(response.headers.get('cache-control'), 'public, max-age=300')
  const metadata = (await response.json()) as Record<string, unknown>
  assert.equal(metadata['issuer'], issuerUrl)
  assert.deepEqual(metadata['grant_types_supported'], [
    'client_credentials',
    'urn:ietf:params:oauth:grant-type:token-exchange',
  ])
  for (const name of ['authorization_endpoint', 'revocation_endpoint', 'registration_endpoint']) {
    assert.equal(name in metadata, false, name)
  }
  const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
  assert.deepEqual(metadata['token_endpoint_auth_methods_supported'], methods)
})

test('health and readiness are never cached', async (t) => {
  const sts = await testSts(t)
  for (const [path, status] of [
    ['health', 'up'],
    ['ready', 'ready'],
  ] as const) {
    const response = await fetch(`${sts.url}/${path}`)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.deepEqual([response.status, await response.json()], [200, { status }])
  }
})
