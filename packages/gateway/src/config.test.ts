import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { load } from 'barre/config'
import { allowInsecureEndpoint, allowInsecureListener } from 'barre/core'
import { auth, jwks } from '../test/fixture.ts'
import { gatewayShape, startGateway } from './index.ts'
import type { GatewayConfig } from './index.ts'

function config(more: object): GatewayConfig {
  return {
    port: 0,
    publicOrigin: 'https://api.test',
    auth,
    upstreams: { orders: { url: 'http://127.0.0.1:1' } },
    routes: [{ path: '/*', upstream: 'orders' }],
    ...more,
  }
}

const route = (more: object): object => ({ routes: [{ path: '/*', upstream: 'orders', ...more }] })
const upstream = (more: object): object => ({
  upstreams: { orders: { url: 'https://orders.test', ...more } },
})
const sts = { tokenUrl: 'https://sts.test/oauth2/token', clientId: 'gateway', clientSecret: 's' }

const refused: [claim: string, more: object, path: string][] = [
  ['a field that nobody knows', { plugins: [] }, 'plugins'],
  ['no routes', { routes: [] }, 'routes'],
  ['no public origin', { publicOrigin: undefined }, 'publicOrigin'],
  ['a public origin with a path', { publicOrigin: 'https://api.test/a' }, 'publicOrigin'],
  ['a route without auth where the gateway has none', { auth: undefined }, 'routes[0].auth'],
  ['an empty auth', { auth: [] }, 'auth'],
  ['auth that is wrong', { auth: [{ jwtValidatorConfig: {} }] }, 'auth[0].jwtValidatorConfig.audience'],
  ['a route whose auth is wrong', route({ auth: { scopes: 'a b' } }), 'routes[0].auth.scopes'],
  ['a route to nowhere', route({ upstream: 'stock' }), 'routes[0].upstream'],
  ['a route to a name of Object.prototype', route({ upstream: 'constructor' }), 'routes[0].upstream'],
  ['a path with two spellings', route({ path: '/a//b' }), 'routes[0].path'],
  ['a method in lower case', route({ methods: ['get'] }), 'routes[0].methods[0]'],
  ['a host with a port', route({ host: 'a.test:443' }), 'routes[0].host'],
  ['a host in upper case', route({ host: 'A.test' }), 'routes[0].host'],
  ['an exchange without a service', route({ exchange: { audience: 'orders' } }), 'routes[0].exchange'],
  [
    'an exchange on an open route',
    { sts, ...route({ auth: false, exchange: { audience: 'orders' } }) },
    'routes[0].exchange',
  ],
  ['an exchange for nobody', { sts, ...route({ exchange: {} }) }, 'routes[0].exchange.audience'],
  [
    'a scope with a space',
    { sts, ...route({ exchange: { audience: 'a', scopes: ['a b'] } }) },
    'routes[0].exchange.scopes[0]',
  ],
  ['a token service over plain http', { sts: { ...sts, tokenUrl: 'http://sts.test/token' } }, 'sts.tokenUrl'],
  [
    'a second identity at the token service',
    { sts: { ...sts, clientConfig: { auth: { token: 'x' } } } },
    'sts.clientConfig.auth',
  ],
  [
    'an upstream over plain http off loopback',
    upstream({ url: 'http://orders.test' }),
    'upstreams.orders.url',
  ],
  ['an upstream with a path', upstream({ url: 'https://orders.test/v1' }), 'upstreams.orders.url'],
  [
    'an upstream whose server is not checked',
    upstream({ secureSocket: { enable: false } }),
    'upstreams.orders.secureSocket.enable',
  ],
  [
    'a client certificate that is not there',
    upstream({ secureSocket: { key: { certFile: 'no.crt', keyFile: 'no.key' } } }),
    'upstreams.orders.secureSocket.key.certFile',
  ],
  [
    'a certificate that is not there',
    { secureSocket: { key: { certFile: 'no.crt', keyFile: 'no.key' } } },
    'secureSocket.key.certFile',
  ],
  ['an identity header in upper case', { identityHeaders: ['X-Staff'] }, 'identityHeaders[0]'],
  ['a head limit too small to work', { limits: { maxHeaderBytes: 10 } }, 'limits.maxHeaderBytes'],
  ['guarded routes in clear text off loopback', { host: '0.0.0.0' }, 'auth'],
]

for (const [claim, more, path] of refused) {
  test(`refuses ${claim}`, async () => {
    await assert.rejects(startGateway(config(more)), { name: 'ConfigError', path })
  })
}

test('named options allow clear text, in and out', async () => {
  const gateway = await startGateway(
    config({
      host: '0.0.0.0',
      [allowInsecureListener]: true,
      upstreams: { orders: { url: 'http://orders.test', [allowInsecureEndpoint]: true } },
    }),
  )
  await gateway.close()
})

test('a TOML file is read whole', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'barre-gateway-'))
  t.after(() => rm(directory, { recursive: true }))
  const file = join(directory, 'gateway.toml')
  writeFileSync(join(directory, 'jwks.json'), JSON.stringify(jwks))
  writeFileSync(
    file,
    `
port = 0
publicOrigin = "https://api.test"
identityHeaders = ["x-staff"]

[[auth]]
[auth.jwtValidatorConfig]
issuer = "https://idp.test"
audience = "gateway"
[auth.jwtValidatorConfig.signatureConfig.jwksConfig]
file = "${join(directory, 'jwks.json')}"

[sts]
tokenUrl = "https://sts.test/oauth2/token"
clientId = "gateway"
clientSecret = "secret"

[upstreams.orders]
url = "http://127.0.0.1:1"
responseTimeout = 5

[[routes]]
methods = ["GET"]
path = "/order/:id"
auth = false
upstream = "orders"

[[routes]]
path = "/order/*"
auth = { scopes = ["add_order"] }
exchange = { audience = "orders", scopes = ["add_order"] }
upstream = "orders"

[limits]
maxBodyBytes = 1024
`,
  )
  const gateway = await startGateway((await load({ file })).read('', gatewayShape))
  await gateway.close()
})
