import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLdap, skipWithout } from '../../../../tools/servers/index.ts'
import {
  config as ldapConfig,
  directory,
  of,
} from '../../../barre/src/listener/ldap-user-store/test/directory.ts'
import {
  basic,
  cheapHash,
  client,
  issuerUrl,
  nowSeconds,
  read,
  secret,
  temporaryDirectory,
  testSts,
  withUsers,
} from '../../test/fixture.ts'
import type { TestContext } from 'node:test'
import type { ClientConfig, StsConfig } from '../index.ts'
import type { TestSts, TokenAnswer } from '../../test/fixture.ts'

const grants = ['password', 'refresh_token'] as const

interface Session {
  readonly sts: TestSts
  /** A first refresh token. */
  readonly login: () => Promise<string>
  readonly refresh: (
    token: unknown,
    more?: Readonly<Record<string, string>>,
    authorization?: string,
  ) => Promise<TokenAnswer>
  readonly advance: (seconds: number) => void
  readonly active: (token: unknown) => Promise<unknown>
  /** From now on there is this user alone. */
  readonly onlyUser: (username: string, scopes: readonly string[]) => Promise<void>
}

async function start(
  t: TestContext,
  more: Partial<StsConfig> = {},
  own: Partial<ClientConfig> = {},
): Promise<Session> {
  let nowMs = nowSeconds * 1000
  const config = {
    ...(await withUsers(t)),
    issuer: issuerUrl,
    port: 0,
    keysDirectory: join(temporaryDirectory(t), 'keys'),
    legacy: { passwordGrant: true },
    clients: [await client('gateway', { grants, ...own }), await client('other', { grants })],
    ...more,
  }
  const sts = await testSts(t, config, { now: () => nowMs })
  return {
    sts,
    async login() {
      const { body } = await sts.token({ grant_type: 'password', username: 'alice', password: 'wonderland' })
      return String(body['refresh_token'])
    },
    refresh: (token, form = {}, authorization = basic('gateway', secret)) =>
      sts.token({ grant_type: 'refresh_token', refresh_token: String(token), ...form }, authorization),
    advance: (seconds) => void (nowMs += seconds * 1000),
    async onlyUser(username, scopes) {
      const users = [{ username, password: await cheapHash('wonderland'), scopes }]
      await sts.running.reload({ ...config, users: { fileUserStoreConfig: { users } } })
    },
    active: async (token) => (await sts.post('/oauth2/introspect', { token: String(token) })).body['active'],
  }
}

const invalid = {
  error: 'invalid_grant',
  error_description: 'The refresh token is invalid, expired or revoked.',
}

test('a refresh token brings a token for the same user, and its successor', async (t) => {
  const { login, refresh } = await start(t)
  const { status, body } = await refresh(await login())
  assert.equal(status, 200)
  const { claims } = read(body['access_token'])
  assert.deepEqual(
    [claims['sub'], claims['client_id'], claims['scope']],
    ['alice', 'gateway', 'add_order update_order'],
  )
  assert.equal((await refresh(body['refresh_token'])).status, 200)
})

test('an answer that was lost: the same successor again, within the grace window', async (t) => {
  const { login, refresh, advance } = await start(t, { tokens: { refreshGraceSeconds: 10 } })
  const token = await login()
  const first = await refresh(token)
  advance(9)
  const again = await refresh(token)
  assert.equal(again.status, 200)
  assert.equal(again.body['refresh_token'], first.body['refresh_token'])
  assert.equal((await refresh(again.body['refresh_token'])).status, 200)
})

test('many at once get one successor', async (t) => {
  const { login, refresh } = await start(t)
  const token = await login()
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(token)))
  assert.equal(new Set(answers.map(({ body }) => body['refresh_token'])).size, 1)
})

test('a used token whose successor was used is refused, and within the grace window harms nobody', async (t) => {
  const { login, refresh } = await start(t)
  const token = await login()
  const { body } = await refresh(token)
  const next = await refresh(body['refresh_token'])
  assert.deepEqual((await refresh(token)).body, invalid)
  assert.equal((await refresh(next.body['refresh_token'])).status, 200)
})

test('a used token after the grace window revokes all that came from the login', async (t) => {
  const { login, refresh, advance, active } = await start(t, { tokens: { refreshGraceSeconds: 0 } })
  const token = await login()
  const { body } = await refresh(token)
  assert.equal(await active(body['access_token']), true)
  advance(1)
  assert.deepEqual((await refresh(token)).body, invalid)
  assert.deepEqual((await refresh(body['refresh_token'])).body, invalid)
  assert.equal(await active(body['access_token']), false)
})

test('a family ends, however often it is renewed; an idle token sooner', async (t) => {
  const times = { refreshIdleSeconds: 100, refreshLifetimeSeconds: 250 }
  const { login, refresh, advance } = await start(t, { tokens: times })
  let token: unknown = await login()
  for (const [seconds, status] of [
    [99, 200],
    [99, 200],
    [51, 200],
    [1, 400],
  ] as const) {
    advance(seconds)
    const answer = await refresh(token)
    assert.equal(answer.status, status)
    token = answer.body['refresh_token']
  }
  const idle = await login()
  advance(100)
  assert.deepEqual((await refresh(idle)).body, invalid)
})

test('a refusal of the request uses nothing up', async (t) => {
  const { login, refresh } = await start(t)
  const token = await login()
  assert.equal((await refresh(token, { scope: 'cancel_order' })).body['error'], 'invalid_scope')
  assert.equal((await refresh(token, { resource: 'payments' })).body['error'], 'invalid_target')
  assert.deepEqual((await refresh(token, {}, basic('other', secret))).body, invalid, 'another client')
  const { body } = await refresh(token, { scope: 'add_order' })
  assert.equal(body['scope'], 'add_order')
  const { body: next } = await refresh(body['refresh_token'])
  assert.equal(next['scope'], 'add_order update_order', 'the narrower scope was of one token')
})

test('a user who was removed refreshes no more, not even when somebody gets the name again', async (t) => {
  const { login, refresh, onlyUser, active } = await start(t)
  const { body } = await refresh(await login())
  await onlyUser('bob', [])
  assert.equal(await active(body['access_token']), true, 'until it is seen')
  assert.deepEqual((await refresh(body['refresh_token'])).body, invalid)
  assert.equal(await active(body['access_token']), false, 'with all that came from the login')
  await onlyUser('alice', ['add_order'])
  assert.deepEqual((await refresh(body['refresh_token'])).body, invalid)
})

test('a user who lost a scope refreshes without it', async (t) => {
  const { login, refresh, onlyUser } = await start(t)
  const { body } = await refresh(await login())
  await onlyUser('alice', ['add_order', 'cancel_order'])
  const asked = await refresh(body['refresh_token'], { scope: 'update_order' })
  assert.equal(asked.body['error'], 'invalid_scope')
  assert.equal((await refresh(body['refresh_token'])).body['scope'], 'add_order', 'and none that came later')
})

test('users of a directory refresh while they are in it; while it is down nothing is used up', async (t) => {
  if (skipWithout(openLdap, t)) return
  const server = await openLdap.start(directory)
  t.after(() => server.stop())
  const ldapUserStoreConfig = ldapConfig(server)
  const { refresh, sts } = await start(t, { users: { ldapUserStoreConfig } }, { scopes: ['admin'] })
  const login = { grant_type: 'password', username: 'alice', password: 'alice@123' }
  const token = (await sts.token(login)).body['refresh_token']
  await server.kill()
  const down = await refresh(token)
  assert.deepEqual([down.status, down.body['error']], [503, 'temporarily_unavailable'])
  await server.restart()
  const { status, body } = await refresh(token)
  assert.deepEqual([status, body['scope']], [200, 'admin'])
  server.change(`dn: ${of('alice')}\nchangetype: delete\n`)
  assert.deepEqual((await refresh(body['refresh_token'])).body, invalid)
})

test('a client without the grant gets none', async (t) => {
  const { sts } = await start(t, {}, { grants: ['password'] })
  const { body } = await sts.token({ grant_type: 'password', username: 'alice', password: 'wonderland' })
  assert.equal('refresh_token' in body, false)
})

for (const [claim, form, description] of [
  ['a wrong password', { username: 'alice', password: 'x' }, 'The user name or the password is wrong.'],
  ['an unknown user', { username: 'bob', password: 'x' }, 'The user name or the password is wrong.'],
  ['a name with a colon', { username: 'a:b', password: 'x' }, 'The user name or the password is wrong.'],
] as const) {
  test(`the password grant refuses ${claim}`, async (t) => {
    const { sts } = await start(t)
    const answer = await sts.token({ grant_type: 'password', ...form })
    assert.deepEqual(answer.body, { error: 'invalid_grant', error_description: description })
  })
}

test('guessing a password is slowed down', async (t) => {
  const { sts } = await start(t)
  const guess = () => sts.token({ grant_type: 'password', username: 'alice', password: 'guess' })
  let answer = await guess()
  for (let count = 0; count < 15 && answer.status === 400; count++) answer = await guess()
  assert.deepEqual([answer.status, answer.body['error']], [429, 'temporarily_unavailable'])
  assert.ok(Number(answer.headers.get('retry-after')) >= 1)
})

for (const [claim, more, path] of [
  ['without legacy.passwordGrant', { legacy: {} }, 'clients[0].grants'],
  ['without a store', { store: undefined }, 'clients[0].grants'],
  ['without users', { users: undefined }, 'clients[0].grants'],
] as const) {
  test(`such clients do not start ${claim}`, async (t) => {
    await assert.rejects(start(t, more as Partial<StsConfig>), { name: 'ConfigError', path })
  })
}
