import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { basic, client, testSts, withUsers } from '../../test/fixture.ts'
import { registrationMaxBytes } from './register.ts'
import type { TestContext } from 'node:test'
import type { TestSts } from '../../test/fixture.ts'

const token = 'initial-access-token'
const registration = {
  accessTokenHash: createHash('sha256').update(token).digest('hex'),
  grants: ['client_credentials', 'authorization_code', 'refresh_token'] as const,
  scopes: ['read'],
  audiences: ['orders'],
}

async function start(t: TestContext, offered: object = { registration }): Promise<TestSts> {
  return testSts(t, { ...(await withUsers(t)), clients: [await client('gateway')], ...offered })
}

async function register(
  sts: TestSts,
  metadata: object | string,
  authorization = `Bearer ${token}`,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${sts.url}/oauth2/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

test('a registered client gets tokens, within what registration gives', async (t) => {
  const sts = await start(t)
  const { status, body } = await register(sts, { client_name: 'Batch', grant_types: ['client_credentials'] })
  assert.equal(status, 201)
  const { client_id: id, client_secret: secret } = body as Record<string, string>
  assert.deepEqual([body['client_secret_expires_at'], body['scope']], [0, 'read'])
  const answer = await sts.token({ grant_type: 'client_credentials' }, basic(id ?? '', secret ?? ''))
  assert.deepEqual([answer.status, answer.body['scope']], [200, 'read'])
})

test('two registrations have nothing in common', async (t) => {
  const sts = await start(t)
  const metadata = { grant_types: ['client_credentials'] }
  const [one, two] = [await register(sts, metadata), await register(sts, metadata)]
  assert.notEqual(one.body['client_id'], two.body['client_id'])
  assert.notEqual(one.body['client_secret'], two.body['client_secret'])
})

test('registration is off by default', async (t) => {
  const sts = await start(t, {})
  assert.equal((await register(sts, {})).status, 404)
})

const refused: readonly (readonly [claim: string, metadata: object | string, error: string])[] = [
  ['a grant that is not to be had', { grant_types: ['password'] }, 'invalid_client_metadata'],
  ['a grant that nobody knows', { grant_types: ['implicit'] }, 'invalid_client_metadata'],
  [
    'a scope that is not to be had',
    { grant_types: ['client_credentials'], scope: 'read all' },
    'invalid_client_metadata',
  ],
  ['a redirect URI in clear text', { redirect_uris: ['http://app.test/'] }, 'invalid_redirect_uri'],
  ['a redirect URI that runs', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
  ['a redirect URI with a fragment', { redirect_uris: ['https://app.test/#x'] }, 'invalid_redirect_uri'],
  ['codes without a redirect URI', {}, 'invalid_client_metadata'],
  ['certificates', { token_endpoint_auth_method: 'tls_client_auth' }, 'invalid_client_metadata'],
  ['an address to fetch keys from', { jwks_uri: 'http://169.254.169.254/' }, 'invalid_client_metadata'],
  [
    'a key that is none',
    {
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{}] },
    },
    'invalid_client_metadata',
  ],
  [
    'a name that is not for a page',
    { grant_types: ['client_credentials'], client_name: 'a\u0000' },
    'invalid_client_metadata',
  ],
  ['a list', '[]', 'invalid_client_metadata'],
  ['a member twice', '{"scope":"read","scope":"all"}', 'invalid_client_metadata'],
  ['what is no JSON', '{', 'invalid_client_metadata'],
  ['what is too long', JSON.stringify({ client_name: 'x'.repeat(registrationMaxBytes) }), 'invalid_request'],
]

test('registrations', async (t) => {
  const sts = await start(t)
  for (const [claim, metadata, error] of refused) {
    await t.test(`refuses ${claim}`, async () => {
      assert.equal((await register(sts, metadata)).body['error'], error)
    })
  }
  for (const authorization of ['', 'Bearer wrong', `Basic ${token}`]) {
    assert.deepEqual((await register(sts, {}, authorization)).body['error'], 'invalid_token')
  }
})
