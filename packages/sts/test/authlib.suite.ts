// Python's Authlib as the client: npm run test:authlib. No part of npm test: it needs Python, and PyPI once.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from 'barre/core'
import { authlibPython } from '../../../tools/servers/authlib.ts'
import { createTestCa } from '../../../tools/test-ca.ts'
import { accessTokenType, cheapHash, client, exchangeGrant, freePort, testSts, withUsers } from './fixture.ts'
import { redirectUri } from './login.ts'

// Authlib does not form-encode inside Basic, so nothing here may need it.
const plainSecret = 'plain-secret-of-authlib'

/** Prints what each step brought, as JSON. */
const program = `
import json, re, sys
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

issuer, secret, redirect_uri = sys.argv[1:]
meta = requests.get(issuer + '/.well-known/oauth-authorization-server').json()
AuthorizationServerMetadata(meta).validate()
out = {'issuer': meta['issuer']}

def session(client_id, **more):
    return OAuth2Session(client_id, secret, token_endpoint_auth_method='client_secret_basic', **more)

machine = session('gateway')
out['machine'] = machine.fetch_token(meta['token_endpoint'], grant_type='client_credentials', scope='add_order')

app = session('app', redirect_uri=redirect_uri, scope='add_order', code_challenge_method='S256')
verifier = 'v' * 48
url, state = app.create_authorization_url(meta['authorization_endpoint'], code_verifier=verifier)
browser = requests.Session()
page = browser.get(url)
login = re.search(r'name="login" value="([^"]+)"', page.text)[1]
form = {'login': login, 'username': 'alice', 'password': 'wonderland', 'decision': 'allow'}
sent = browser.post(meta['authorization_endpoint'], data=form, allow_redirects=False)
location = sent.headers['location']
out['code'] = app.fetch_token(
    meta['token_endpoint'], authorization_response=location, state=state, code_verifier=verifier)
first = out['code']['refresh_token']
out['refreshed'] = app.refresh_token(meta['token_endpoint'], refresh_token=first)

def introspect(token):
    return machine.introspect_token(meta['introspection_endpoint'], token=token).json()

token = out['refreshed']['access_token']
out['active'] = introspect(token)
exchanged = machine.fetch_token(
    meta['token_endpoint'], grant_type='${exchangeGrant}', subject_token=token,
    subject_token_type='${accessTokenType}', audience='orders')
out['exchanged'] = introspect(exchanged['access_token'])
out['revoked_status'] = app.revoke_token(
    meta['revocation_endpoint'], token=out['refreshed']['refresh_token']).status_code
out['after'] = introspect(token)
try:
    app.refresh_token(meta['token_endpoint'], refresh_token=out['refreshed']['refresh_token'])
except Exception as error:
    out['refused'] = getattr(error, 'error', repr(error))
print(json.dumps(out))
`

test('Authlib: discovery, every grant that it has, introspection, exchange and revocation', async (t) => {
  const ca = await createTestCa()
  t.after(() => ca.remove())
  const port = await freePort()
  const issuer = `https://localhost:${port}`
  const secretHash = await cheapHash(plainSecret)
  await testSts(
    t,
    {
      ...(await withUsers(t)),
      issuer,
      port,
      secureSocket: { key: ca.server },
      clients: [
        await client('gateway', { secretHash, serves: ['edge'] }),
        await client('app', {
          secretHash,
          grants: ['authorization_code', 'refresh_token'],
          redirectUris: [redirectUri],
          audiences: ['edge'],
        }),
      ],
    },
    { now: systemClock },
  )
  const words = ['-c', program, issuer, plainSecret, redirectUri]
  const env = { ...process.env, REQUESTS_CA_BUNDLE: ca.caFile }
  const { stdout } = await promisify(execFile)(authlibPython, words, { env })
  const out = JSON.parse(stdout) as Readonly<Record<string, Readonly<Record<string, unknown>>>>
  assert.equal(out['issuer'], issuer)
  assert.deepEqual([out['machine']?.['token_type'], out['machine']?.['scope']], ['Bearer', 'add_order'])
  assert.equal(out['code']?.['scope'], 'add_order')
  assert.notEqual(out['refreshed']?.['refresh_token'], out['code']?.['refresh_token'])
  assert.deepEqual([out['active']?.['active'], out['active']?.['sub']], [true, 'alice'])
  const exchanged = out['exchanged']
  assert.deepEqual(
    [exchanged?.['active'], exchanged?.['sub'], exchanged?.['aud'], exchanged?.['act']],
    [true, 'alice', 'orders', { sub: 'gateway' }],
  )
  assert.equal(out['revoked_status'], 200)
  assert.deepEqual(out['after'], { active: false })
  assert.equal(out['refused'], 'invalid_grant')
})
