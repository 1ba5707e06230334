import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basic, client, issuerUrl, nowSeconds, read, secret, testSts, withUsers } from '../../test/fixture.ts'
import {
  alice,
  asked,
  authorize,
  browser,
  loginOf,
  redeem,
  redirectUri,
  start,
  verifier,
} from '../../test/login.ts'
import { loginMaxSeconds } from './login.ts'
import { stateMaxLength } from './request.ts'

test('a user logs in, and the client gets tokens in their name', async (t) => {
  const sts = await start(t)
  const location = await authorize(sts)
  assert.equal(location.origin + location.pathname, redirectUri)
  assert.equal(location.searchParams.get('state'), asked.state)
  assert.equal(location.searchParams.get('iss'), issuerUrl, 'RFC 9207')
  const { status, body } = await redeem(sts, location.searchParams.get('code'))
  assert.equal(status, 200)
  const { claims } = read(body['access_token'])
  assert.deepEqual([claims['sub'], claims['scope'], claims['client_id']], ['alice', 'add_order', 'app'])
  const refreshed = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
  assert.equal((await sts.token(refreshed, basic('app', secret))).status, 200)
})

test('a public client proves by its verifier alone that it is the one that asked', async (t) => {
  const sts = await start(t, { authenticationMethod: 'none' })
  const code = (await authorize(sts)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
  assert.equal((await sts.token({ ...form, client_id: 'app' }, null)).status, 200)
})

test('a code that comes twice ends all that it brought', async (t) => {
  const sts = await start(t)
  const code = (await authorize(sts)).searchParams.get('code')
  const { body } = await redeem(sts, code)
  assert.equal((await redeem(sts, code)).body['error'], 'invalid_grant')
  const token = String(body['access_token'])
  assert.deepEqual((await sts.post('/oauth2/introspect', { token }, basic('app', secret))).body, {
    active: false,
  })
  const refreshed = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
  assert.equal((await sts.token(refreshed, basic('app', secret))).body['error'], 'invalid_grant')
})

for (const [claim, more, as] of [
  ['without its verifier', { code_verifier: '' }, 'app'],
  ['with another verifier', { code_verifier: 'w'.repeat(43) }, 'app'],
  ['with the challenge as verifier', { code_verifier: asked.code_challenge }, 'app'],
  ['for another redirect URI', { redirect_uri: 'http://127.0.0.1/native' }, 'app'],
  ['by another client', {}, 'second'],
] as const) {
  test(`a code is not redeemed ${claim}`, async (t) => {
    const sts = await start(
      t,
      {},
      {
        clients: [
          await client('app', { grants: ['authorization_code'], redirectUris: [redirectUri] }),
          await client('second', { grants: ['authorization_code'], redirectUris: [redirectUri] }),
        ],
      },
    )
    const code = (await authorize(sts)).searchParams.get('code')
    assert.equal((await redeem(sts, code, more, as)).body['error'], 'invalid_grant')
    assert.equal((await redeem(sts, code)).body['error'], 'invalid_grant', 'nor a second time')
  })
}

test('a login page waits only so long', async (t) => {
  let nowMs = nowSeconds * 1000
  const app = await client('app', { grants: ['authorization_code'], redirectUris: [redirectUri] })
  const sts = await testSts(t, { ...(await withUsers(t)), clients: [app] }, { now: () => nowMs })
  const user = browser(sts)
  const login = await loginOf(await user.get(asked))
  nowMs += loginMaxSeconds * 1000 - 1
  assert.equal((await user.submit(login, { ...alice, password: 'x' })).headers.get('location'), null)
  nowMs += 1
  assert.equal((await user.submit(login, alice)).headers.get('location'), null)
})

test('one address begins so many logins a minute', async (t) => {
  const sts = await start(t, {}, { limits: { loginsPerMinute: 2 } })
  const answers = [
    await browser(sts).get(asked),
    await browser(sts).get(asked),
    await browser(sts).get(asked),
  ]
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 429],
  )
  assert.match(answers[2]?.headers.get('retry-after') ?? '', /^\d+$/)
})

test('a code ends', async (t) => {
  let nowMs = nowSeconds * 1000
  const app = await client('app', { grants: ['authorization_code'], redirectUris: [redirectUri] })
  const sts = await testSts(t, { ...(await withUsers(t)), clients: [app] }, { now: () => nowMs })
  const code = (await authorize(sts)).searchParams.get('code')
  nowMs += 60_000
  assert.equal((await redeem(sts, code)).body['error'], 'invalid_grant')
})

const without = (name: keyof typeof asked): Record<string, string> => ({ ...asked, [name]: '' })

test('before the redirect URI is known to be the client’s, nobody is sent anywhere', async (t) => {
  const sts = await start(t)
  for (const [claim, query] of [
    ['an unknown client', { ...asked, client_id: 'nobody' }],
    ['a client without the grant', { ...asked, client_id: 'gateway' }],
    ['no redirect URI', without('redirect_uri')],
    ['another path', { ...asked, redirect_uri: `${redirectUri}/more` }],
    ['another query', { ...asked, redirect_uri: `${redirectUri}?a=b` }],
    ['a trailing slash', { ...asked, redirect_uri: `${redirectUri}/` }],
    ['another case', { ...asked, redirect_uri: 'https://app.test/Callback' }],
    ['an encoded character', { ...asked, redirect_uri: 'https://app.test/%63allback' }],
    ['user information', { ...asked, redirect_uri: 'https://app.test@evil.test/callback' }],
    ['another host', { ...asked, redirect_uri: 'https://evil.test/callback' }],
    ['a fragment', { ...asked, redirect_uri: `${redirectUri}#x` }],
    [
      'another port of a host that is not loopback',
      { ...asked, redirect_uri: 'https://app.test:8443/callback' },
    ],
    [
      'a pushed request that nobody pushed',
      { client_id: 'app', request_uri: 'urn:ietf:params:oauth:request_uri:x' },
    ],
  ] as const) {
    const response = await browser(sts).get(query)
    assert.deepEqual([response.status, response.headers.get('location')], [400, null], claim)
  }
  const twice = await fetch(
    `${sts.url}/oauth2/authorize?${new URLSearchParams(asked).toString()}&client_id=app`,
  )
  assert.equal(twice.status, 400, 'a parameter twice')
})

test('what is wrong with the rest of a request, the client is told', async (t) => {
  const sts = await start(t)
  for (const [claim, query, error] of [
    ['implicit', { ...asked, response_type: 'token' }, 'unsupported_response_type'],
    ['no response type', without('response_type'), 'unsupported_response_type'],
    ['no challenge', without('code_challenge'), 'invalid_request'],
    ['a plain challenge', { ...asked, code_challenge_method: 'plain' }, 'invalid_request'],
    ['no method, which means plain', without('code_challenge_method'), 'invalid_request'],
    ['another scope', { ...asked, scope: 'everything' }, 'invalid_scope'],
    ['another audience', { ...asked, resource: 'payments' }, 'invalid_target'],
    ['a fragment for the answer', { ...asked, response_mode: 'fragment' }, 'invalid_request'],
    ['a state that is too long', { ...asked, state: 'x'.repeat(stateMaxLength + 1) }, 'invalid_request'],
    ['a request object', { ...asked, request: 'a.b.c' }, 'invalid_request'],
  ] as const) {
    const location = new URL((await browser(sts).get(query)).headers.get('location') ?? '')
    assert.equal(location.origin + location.pathname, redirectUri, claim)
    assert.equal(location.searchParams.get('error'), error, claim)
    assert.equal(location.searchParams.get('iss'), issuerUrl, claim)
    assert.equal(location.searchParams.get('state'), query.state, claim)
  }
})

test('a program on the user’s machine has any port of loopback, by address', async (t) => {
  const sts = await start(t)
  const native = { ...asked, redirect_uri: 'http://127.0.0.1:49152/native' }
  assert.equal((await browser(sts).get(native)).status, 200)
  for (const other of [
    'http://localhost:49152/native',
    'http://127.0.0.1:49152/other',
    'https://127.0.0.1/native',
  ]) {
    assert.equal((await browser(sts).get({ ...asked, redirect_uri: other })).status, 400, other)
  }
})

test('the page escapes what it shows, and no other page may frame it or change it', async (t) => {
  const sts = await start(t)
  const response = await browser(sts).get(asked)
  const page = await response.text()
  assert.match(page, /The &lt;App&gt;/)
  const policy = response.headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.match(policy, /form-action 'self' https:\/\/app\.test;/)
  assert.doesNotMatch(policy, /script-src|unsafe/)
  assert.equal(response.headers.get('x-frame-options'), 'DENY')
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
  const [cookie = ''] = response.headers.getSetCookie()
  assert.match(
    cookie,
    /^__Host-sts-[\w-]{22}=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Strict; Secure$/,
  )
})

test('a login is of one page, in one browser, once', async (t) => {
  const sts = await start(t)
  const [user, other] = [browser(sts), browser(sts)]
  const login = await loginOf(await user.get(asked))
  const others = await loginOf(await other.get(asked))
  assert.equal((await other.submit(login, alice)).status, 400, 'the page of another browser')
  user.cookies.push(...other.cookies)
  assert.equal((await user.submit(others, alice)).status, 303, 'both cookies, both pages')
  const forged = { origin: 'https://evil.test' }
  assert.equal((await user.submit(login, alice, forged)).status, 400, 'a form of another site')
  assert.equal((await user.submit(login, alice, { 'sec-fetch-site': 'cross-site' })).status, 400)
  const [cookie = ''] = user.cookies
  assert.equal(
    (await user.submit(login, alice, { cookie: `${cookie}; ${cookie}` })).status,
    400,
    'a cookie planted',
  )
  assert.equal((await user.submit(login, alice)).status, 303)
  assert.equal((await user.submit(login, alice)).status, 400, 'again')
})

test('a wrong password shows the page again; denying tells the client', async (t) => {
  const sts = await start(t)
  const user = browser(sts)
  const login = await loginOf(await user.get(asked))
  const wrong = await user.submit(login, { ...alice, password: 'x' })
  assert.equal(wrong.status, 400)
  assert.equal(await loginOf(wrong), login)
  const denied = await user.submit(login, { decision: 'deny' })
  const location = new URL(denied.headers.get('location') ?? '')
  assert.deepEqual(
    [location.searchParams.get('error'), location.searchParams.get('code')],
    ['access_denied', null],
  )
})

test('a user who may do nothing of what was asked gives nothing away', async (t) => {
  const sts = await start(t)
  const location = await authorize(sts, { ...asked, scope: 'cancel_order' })
  assert.equal(location.searchParams.get('error'), 'access_denied')
})
