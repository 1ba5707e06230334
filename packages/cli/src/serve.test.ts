import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { protect } from 'barre/http'
import { importSigningKey, publicJwk, signJws } from 'barre/jose'
import { createTestCa } from '../../../tools/test-ca.ts'
import { main } from './main.ts'
import type { ChildProcess } from 'node:child_process'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { TestCa } from '../../../tools/test-ca.ts'

let ca: TestCa
before(async () => {
  ca = await createTestCa()
})
after(() => ca.remove())

const bin = join(import.meta.dirname, '../bin/barre.js')

interface Started {
  readonly url: string
  readonly process: ChildProcess
}

/** Runs `barre WORDS --config FILE` until the test ends. */
async function start(t: TestContext, words: string[], config: string): Promise<Started> {
  const file = join(ca.directory, `${words[0]}.toml`)
  writeFileSync(file, config)
  const child = spawn(process.execPath, [bin, ...words, '--config', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  const url = /listens at (\S+)/.exec(chunk.toString())?.[1]
  assert.ok(url, chunk.toString())
  return { url, process: child }
}

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', '']
  const code = await main(argv, {
    stdin: Readable.from([]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { code, stdout, stderr }
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = importSigningKey(privateKey, { algorithm: 'ES256', kid: 'idp', path: 'test' })
const nowSeconds = Math.floor((performance.timeOrigin + performance.now()) / 1000)

async function tokenOf(sub: string, scope: string, exp = nowSeconds + 600): Promise<string> {
  return signJws({}, JSON.stringify({ iss: 'https://idp.test', sub, aud: 'gateway', scope, exp }), key)
}

const trust = (): string => `
issuer = "https://idp.test"
audience = "gateway"
signatureConfig.jwksConfig.file = "${join(ca.directory, 'idp.json')}"
`

const tls = (): string => `
[secureSocket.key]
certFile = "${ca.server.certFile}"
keyFile = "${ca.server.keyFile}"
`

async function startSts(t: TestContext, secretHash: string): Promise<Started> {
  writeFileSync(join(ca.directory, 'idp.json'), JSON.stringify({ keys: [publicJwk(key)] }))
  const config = `
issuer = "https://sts.test"
port = 0
keysDirectory = "${join(ca.directory, 'keys')}"
${tls()}
[[clients]]
clientId = "gateway"
secretHash = "${secretHash}"
grants = ["urn:ietf:params:oauth:grant-type:token-exchange"]
scopes = ["add_order", "cancel_order"]
audiences = ["orders"]

[[trustedIssuers]]
[trustedIssuers.jwtValidatorConfig]
${trust()}`
  return start(t, ['sts', 'start'], config)
}

/** An order service that takes nothing but tokens of the STS. */
async function startOrders(t: TestContext, stsUrl: string): Promise<string> {
  const jwksConfig = { url: `${stsUrl}/oauth2/jwks`, clientConfig: { secureSocket: { cert: ca.caFile } } }
  const auth = [
    {
      jwtValidatorConfig: { issuer: 'https://sts.test', audience: 'orders', signatureConfig: { jwksConfig } },
    },
  ]
  const resources = { 'POST /order': { scopes: 'add_order' }, 'GET /order/:id': false } as const
  const server = createServer(
    protect({ auth, resources }, (_request, response, { principal }) => {
      response.end(principal === undefined ? 'open' : `${principal.username} by ${String(actor(principal))}`)
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function actor({ claims }: { claims: Readonly<Record<string, unknown>> }): unknown {
  return (claims['act'] as { sub: unknown }).sub
}

function startGateway(t: TestContext, stsUrl: string, ordersUrl: string, secret: string): Promise<Started> {
  const config = `
port = 0
publicOrigin = "https://api.test"
${tls()}
[[auth]]
[auth.jwtValidatorConfig]
${trust()}
[sts]
tokenUrl = "${stsUrl}/oauth2/token"
clientId = "gateway"
clientSecret = "${secret}"
clientConfig.secureSocket.cert = "${ca.caFile}"

[upstreams.orders]
url = "${ordersUrl}"

[[routes]]
methods = ["GET"]
path = "/order/:id"
auth = false
upstream = "orders"

[[routes]]
path = "/order"
exchange = { audience = "orders" }
upstream = "orders"
`
  return start(t, ['gateway', 'start'], config)
}

async function call(url: string, method: string, token?: string): Promise<[number, string]> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const sent = request(url, { method, headers, ca: readFileSync(ca.caFile), agent: false })
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of answer) body += String(chunk)
  return [answer.statusCode ?? 0, body]
}

test('a token goes from its issuer through the gateway and the STS to a service, over TLS', async (t) => {
  const { stdout } = await run('sts', 'secret')
  const [, secret = '', hash = ''] = /^clientSecret = "(.+)"\nsecretHash = "(.+)"\n$/.exec(stdout) ?? []
  const sts = await startSts(t, hash)
  const orders = await startOrders(t, sts.url)
  const gateway = await startGateway(t, sts.url, orders, secret)
  const order = `${gateway.url}/order`

  assert.deepEqual(await call(order, 'POST', await tokenOf('alice', 'add_order')), [200, 'alice by gateway'])
  assert.deepEqual(await call(`${order}/1`, 'GET'), [200, 'open'])
  assert.equal((await call(order, 'POST'))[0], 401, 'nobody')
  assert.equal((await call(order, 'POST', await tokenOf('bob', 'view')))[0], 403, 'without the scope')
  assert.equal(
    (await call(order, 'POST', await tokenOf('alice', 'add_order', nowSeconds - 60)))[0],
    401,
    'expired',
  )

  sts.process.kill('SIGTERM')
  assert.deepEqual(await once(sts.process, 'exit'), [0, null])
  assert.equal((await call(order, 'POST', await tokenOf('carol', 'add_order')))[0], 503, 'the STS is down')
  gateway.process.kill('SIGINT')
  assert.deepEqual(await once(gateway.process, 'exit'), [0, null])
})

for (const words of [
  ['sts', 'start'],
  ['gateway', 'start'],
]) {
  test(`barre ${words.join(' ')} names what is wrong with its settings, in one line`, async () => {
    const file = join(ca.directory, 'wrong.toml')
    writeFileSync(file, 'port = "8443"\n')
    const { code, stderr } = await run(...words, '--config', file)
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^barre ${words.join(' ')}: [a-zA-Z]+: .*\\n$`))
    assert.equal((await run(...words)).code, 2, 'no --config')
    assert.equal((await run(...words, '--config', `${file}.absent`)).code, 1)
  })
}
