// Why: our client and our server could share a misunderstanding of DTLS; OpenSSL's were not written for us.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { CertKey } from 'barre/core'
import { createClient, createServer } from 'barre/udp'
import type { DtlsConnection, ServerOptions } from 'barre/udp'
import { createTestCa } from '../../tools/test-ca.ts'
import { Cells } from '../harness/cells.ts'
import { openSsl, withoutOpenSsl } from './openssl.ts'
import type { OpenSsl } from './openssl.ts'

const [pki, strangers] = await Promise.all([createTestCa(), createTestCa()])
after(() => Promise.all([pki.remove(), strangers.remove()]))
const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
const rsaServer = await pki.issue('rsa-server', { ...names, algorithm: 'RSA' })
const rsaClient = await pki.issue('rsa-client', { algorithm: 'RSA' })
const stranger = await strangers.issue('client')
const strangeServer = await strangers.issue('localhost', names)
const otherServer = await pki.issue('other', { dnsNames: ['other.example'] })
const psk = randomBytes(32).toString('hex')
const wrongPsk = randomBytes(32).toString('hex')
const cells = new Cells('claim', 'side of OpenSSL')

const withKeys = { sharedKeys: { sensor: psk } } as const
const mutual = {
  auth: [{ mutualTlsConfig: { anyFromCa: [] } }],
  secureSocket: { key: pki.server, mutualSsl: { cert: pki.caFile } },
} as const
const wantsCertificate = ['-Verify', '1', '-verify_return_error', '-CAfile', pki.caFile]

/** Suites by OpenSSL's names, and what proves the server. */
const suites: readonly (readonly [suite: string, server: CertKey | 'psk'])[] = [
  ['ECDHE-ECDSA-AES128-GCM-SHA256', pki.server],
  ['ECDHE-ECDSA-AES256-GCM-SHA384', pki.server],
  ['ECDHE-ECDSA-CHACHA20-POLY1305', pki.server],
  ['ECDHE-RSA-AES128-GCM-SHA256', rsaServer],
  ['ECDHE-RSA-AES256-GCM-SHA384', rsaServer],
  ['ECDHE-RSA-CHACHA20-POLY1305', rsaServer],
  ['PSK-AES128-GCM-SHA256', 'psk'],
  ['PSK-AES256-GCM-SHA384', 'psk'],
  ['ECDHE-PSK-CHACHA20-POLY1305', 'psk'],
]

describe('s_client calls us', { skip: withoutOpenSsl }, () => {
  for (const [suite, identity] of suites) {
    claim(`${suite} works`, 's_client', async (context) => {
      const options = identity === 'psk' ? withKeys : { secureSocket: { key: identity } }
      const port = await serve(context, options)
      const client = call(context, port, ['-cipher', suite, ...(identity === 'psk' ? showKey(psk) : [])])
      await client.prints(new RegExp(`Cipher is ${suite}`))
      assert.match(client.text(), /Extended master secret: yes/)
      assert.match(client.text(), /Secure Renegotiation IS supported/)
      client.write('hello')
      await client.prints(/somebody: hello/)
    })
  }
  for (const [group, name] of [
    ['X25519', 'X25519'],
    ['P-256', 'ECDH, prime256v1'],
    ['P-384', 'ECDH, secp384r1'],
  ] as const) {
    claim(`${group} works`, 's_client', async (context) => {
      const port = await serve(context, { secureSocket: { key: pki.server } })
      await call(context, port, ['-groups', group]).prints(new RegExp(`Server Temp Key: ${name}`))
    })
  }
  for (const [kind, identity, username] of [
    ['ECDSA', pki.client, 'spiffe://test/client'],
    ['RSA', rsaClient, 'cn:rsa-client'],
  ] as const) {
    claim(`a client with an ${kind} certificate is known`, 's_client', async (context) => {
      const client = call(context, await serve(context, mutual), show(identity))
      client.write('hello')
      await client.prints(new RegExp(`${username}: hello`))
    })
  }
  claim('a client with a pre-shared key is known', 's_client', async (context) => {
    const auth = [{ preSharedKeyConfig: { identities: { sensor: ['report'] } } }]
    const port = await serve(context, { ...withKeys, auth })
    const client = call(context, port, ['-cipher', 'PSK-AES128-GCM-SHA256', ...showKey(psk)])
    client.write('hello')
    await client.prints(/psk:sensor: hello/)
  })
  claim('a certificate comes in fragments, over a narrow path', 's_client', async (context) => {
    const port = await serve(context, { secureSocket: { key: rsaServer }, datagramMaxBytes: 256 })
    const client = call(context, port)
    client.write('hello')
    await client.prints(/somebody: hello/)
  })
  const refusals: readonly (readonly [
    claim: string,
    options: Partial<ServerOptions>,
    args: readonly string[],
    says: RegExp,
  ])[] = [
    ['no certificate', mutual, [], /alert handshake failure/],
    ["a stranger's certificate", mutual, show(stranger), /alert unknown ca/],
    ['another pre-shared key', withKeys, showKey(wrongPsk), /alert bad record mac/],
    ['an unknown identity', withKeys, ['-psk_identity', 'nobody', '-psk', psk], /alert bad record mac/],
    [
      'CBC alone',
      { secureSocket: { key: pki.server } },
      ['-cipher', 'ECDHE-ECDSA-AES128-SHA256'],
      /alert handshake failure/,
    ],
    [
      'no suite for our key',
      { secureSocket: { key: pki.server } },
      ['-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'],
      /alert handshake failure/,
    ],
    [
      'an identity that auth does not name',
      { ...withKeys, auth: [{ preSharedKeyConfig: { identities: { other: [] } } }] },
      showKey(psk),
      /alert access denied/,
    ],
  ]
  for (const [what, options, args, says] of refusals) {
    claim(`${what} is refused by an alert`, 's_client', async (context) => {
      let reached = 0
      const port = await serve(context, options, () => reached++)
      const client = call(context, port, args)
      await client.prints(says)
      assert.equal(reached, 0)
    })
  }
  claim('a client that trusts another authority leaves', 's_client', async (context) => {
    let reached = 0
    const port = await serve(context, { secureSocket: { key: pki.server } }, () => reached++)
    const client = call(context, port, ['-CAfile', strangers.caFile])
    await client.ended
    assert.equal(reached, 0)
  })
  claim('each side hears of the end', 's_client', async (context) => {
    const ends: Promise<unknown>[] = []
    const port = await serve(context, { secureSocket: { key: pki.server } }, (connection) => {
      ends.push(new Promise((resolve) => connection.onClose(resolve)))
      if (ends.length === 2) connection.close()
    })
    const leaving = call(context, port)
    await leaving.prints(/Extended master secret: yes/)
    leaving.write('Q')
    await leaving.ended
    assert.equal(await ends[0], undefined)
    await call(context, port).ended
  })
  claim('nothing is renegotiated', 's_client', async (context) => {
    const port = await serve(context, { secureSocket: { key: pki.server } })
    const client = call(context, port)
    client.write('hello')
    await client.prints(/somebody: hello/)
    client.write('R')
    await client.prints(/no renegotiation/)
  })
})

describe('we call s_server', { skip: withoutOpenSsl }, () => {
  for (const [suite, identity] of suites) {
    claim(`${suite} works`, 's_server', async (context) => {
      const proof = identity === 'psk' ? ['-nocert', '-psk', psk, '-psk_identity', 'sensor'] : show(identity)
      const { port, server } = await listenAs(context, [...proof, '-cipher', `${suite}:@SECLEVEL=1`])
      const trust = identity === 'psk' ? ownKey(psk) : { secureSocket: { cert: pki.caFile } }
      const connection = await connect(context, port, trust)
      connection.send(Buffer.from('from us\n'))
      await server.prints(/from us/)
      const answer = new Promise<Buffer>((resolve) => connection.onMessage(resolve))
      server.write('from openssl')
      assert.equal(String(await answer).trim(), 'from openssl')
      assert.match(server.text(), new RegExp(`CIPHER is ${suite}`))
    })
  }
  claim('a server that asks for a cookie gets it', 's_server', async (context) => {
    const { port, server } = await listenAs(context, [...show(pki.server), '-listen'])
    const connection = await connect(context, port, { secureSocket: { cert: pki.caFile } })
    connection.send(Buffer.from('from us\n'))
    await server.prints(/from us/)
  })
  for (const [kind, key] of [
    ['ECDSA', pki.client],
    ['RSA', rsaClient],
  ] as const) {
    claim(`our ${kind} certificate is accepted`, 's_server', async (context) => {
      const { port, server } = await listenAs(context, [...show(pki.server), ...wantsCertificate])
      const connection = await connect(context, port, { secureSocket: { cert: pki.caFile, key } })
      connection.send(Buffer.from('from us\n'))
      await server.prints(/from us/)
    })
  }
  const refusals: readonly (readonly [
    claim: string,
    args: readonly string[],
    config: Partial<Parameters<typeof createClient>[0]>,
    code: string,
    isFromPeer: boolean,
  ])[] = [
    ['a server of another authority', show(strangeServer), {}, 'unknown_ca', false],
    ['a server of another name', show(otherServer), {}, 'bad_certificate', false],
    ['us, without a certificate', [...show(pki.server), ...wantsCertificate], {}, 'handshake_failure', true],
    [
      'us, with the certificate of strangers',
      [...show(pki.server), ...wantsCertificate],
      { secureSocket: { cert: pki.caFile, key: stranger } },
      'unknown_ca',
      true,
    ],
    // OpenSSL takes the message that it cannot read for a forgery, and waits for another.
    [
      'us, with another pre-shared key',
      ['-nocert', '-psk', wrongPsk, '-psk_identity', 'sensor'],
      { ...ownKey(psk), connectTimeout: 0.3 },
      'timeout',
      false,
    ],
    [
      'a server with CBC alone',
      [...show(pki.server), '-cipher', 'ECDHE-ECDSA-AES128-SHA256'],
      {},
      'handshake_failure',
      true,
    ],
  ]
  for (const [who, args, config, code, isFromPeer] of refusals) {
    claim(`${who}: ${code}`, 's_server', async (context) => {
      const { port } = await listenAs(context, args)
      const connecting = connect(context, port, { secureSocket: { cert: pki.caFile }, ...config })
      await assert.rejects(connecting, { name: 'DtlsError', code, isFromPeer })
    })
  }
})
cells.report()

function claim(what: string, side: string, body: (context: TestContext) => Promise<void>): void {
  cells.add(what, side)
  test(what, body)
}

function show({ certFile, keyFile }: CertKey): readonly string[] {
  return ['-cert', certFile, '-key', keyFile]
}

function showKey(key: string): readonly string[] {
  return ['-psk_identity', 'sensor', '-psk', key]
}

function ownKey(key: string) {
  return { sharedKey: { identity: 'sensor', key }, secureSocket: {} } as const
}

/** A server that says to whom it repeats what; gives its port. */
async function serve(
  context: TestContext,
  options: Partial<ServerOptions>,
  onReached: (connection: DtlsConnection) => unknown = () => undefined,
): Promise<number> {
  const server = createServer({ auth: false, ...options }, (connection, { principal }) => {
    onReached(connection)
    const name = principal?.username ?? 'somebody'
    connection.onMessage((data) => connection.send(Buffer.from(`${name}: ${data.toString()}`)))
  })
  context.after(() => server.close())
  return (await server.listen({ port: 0 })).port
}

function call(context: TestContext, port: number, args: readonly string[] = []): OpenSsl {
  const trust = args.includes('-CAfile') ? [] : ['-CAfile', pki.caFile]
  const to = ['-dtls1_2', '-connect', `127.0.0.1:${port}`, '-verify_return_error', ...trust]
  const client = openSsl('s_client', ...to, ...args)
  context.after(() => client.stop())
  return client
}

async function listenAs(context: TestContext, args: readonly string[]) {
  const server = openSsl('s_server', '-dtls1_2', '-accept', '127.0.0.1:0', ...args)
  context.after(() => server.stop())
  const [, port] = await server.prints(/ACCEPT 127\.0\.0\.1:(\d+)/)
  return { server, port: Number(port) }
}

async function connect(
  context: TestContext,
  port: number,
  config: Partial<Parameters<typeof createClient>[0]>,
): Promise<DtlsConnection> {
  const client = createClient({ host: 'localhost', port, ...config })
  context.after(() => client.close())
  return client.connect()
}
