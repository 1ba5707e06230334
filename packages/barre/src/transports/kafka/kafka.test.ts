import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { allowInsecureEndpoint } from '../../core/index.ts'
import { withAuth, withServices } from '../../auth/index.ts'
import { guardKafkaJs, guardPlatformatic, platformaticOptions } from './index.ts'
import type { PlatformaticMessage } from './messages.ts'

const clientOptions = withServices(platformaticOptions)
const protect = withAuth(guardPlatformatic)
const protectKafkaJs = withAuth(guardKafkaJs)
const auth = { username: 'alice', password: 'word' }
const bearer = (mechanism?: 'PLAIN') => ({ token: 'abc', ...(mechanism && { mechanism }) })
const bytes = (text: string): Buffer => Buffer.from(text)
const bootstrapServers = 'broker.example:9093'

describe('a configuration is refused', () => {
  for (const [claim, config, path] of [
    ['without brokers', {}, 'bootstrapServers'],
    ['with a broker without a port', { bootstrapServers: 'broker.example' }, 'bootstrapServers'],
    ['with a URL for a broker', { bootstrapServers: ['a:1', 'https://a:1'] }, 'bootstrapServers[1]'],
    ['with a password beside a broker', { bootstrapServers: 'alice:word@a:1' }, 'bootstrapServers'],
    // As in Ballerina's own example: the broker would let in whoever has a certificate.
    ['with a credential that would not be sent', { auth, securityProtocol: 'SSL' }, 'securityProtocol'],
    ['with SASL and nothing to say', { securityProtocol: 'SASL_SSL' }, 'securityProtocol'],
    ['in clear text off loopback', { securityProtocol: 'PLAINTEXT' }, 'securityProtocol'],
    ['with a password in clear text', { auth, securityProtocol: 'SASL_PLAINTEXT' }, 'securityProtocol'],
    [
      'with TLS in clear text',
      { bootstrapServers: 'localhost:9092', secureSocket: {}, securityProtocol: 'PLAINTEXT' },
      'securityProtocol',
    ],
    ['with another mechanism', { auth: { ...auth, mechanism: 'GSSAPI' } }, 'auth.mechanism'],
    ['with an auth of no kind', { auth: { apiKey: 'x' } }, 'auth'],
    ['with a broker that nobody checks', { secureSocket: { enable: false } }, 'secureSocket.enable'],
    ['with a slip in a name', { sasl: {} }, 'sasl'],
  ] as const) {
    test(claim, () => {
      const given = claim === 'without brokers' ? config : { bootstrapServers, ...config }
      assert.throws(() => clientOptions(given as never), { name: 'ConfigError', path })
    })
  }
})

test('clear text off loopback needs a named option, and is warned of', () => {
  const warned: object[] = []
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => void warned.push(fields) }
  const insecure = { [allowInsecureEndpoint]: true, securityProtocol: 'PLAINTEXT' } as const
  const { options } = clientOptions({ bootstrapServers, ...insecure, services: { log } })
  assert.deepEqual([options.tls, warned.length], [undefined, 1])
})

for (const [claim, given, mechanism] of [
  ['a password is sent by PLAIN', auth, 'PLAIN'],
  ['a password is sent as the configuration says', { ...auth, mechanism: 'SCRAM-SHA-512' }, 'SCRAM-SHA-512'],
  ['a token is sent by OAUTHBEARER', { token: 'abc' }, 'OAUTHBEARER'],
] as const) {
  test(claim, async () => {
    const { options, close } = clientOptions({ bootstrapServers, auth: given } as never)
    assert.equal(options.sasl?.mechanism, mechanism)
    const said = [
      await options.sasl?.username?.(),
      await options.sasl?.password?.(),
      await options.sasl?.token?.(),
    ]
    assert.deepEqual(said, 'token' in given ? [undefined, undefined, 'abc'] : ['alice', 'word', undefined])
    await close()
  })
}

test('a token cannot be sent as a password, nor a password as a token', async () => {
  const token = clientOptions({ bootstrapServers, auth: bearer('PLAIN') })
  await assert.rejects(token.options.sasl?.password?.() ?? Promise.resolve(), /OAUTHBEARER/)
  const password = clientOptions({ bootstrapServers, auth: { ...auth, mechanism: 'OAUTHBEARER' } })
  await assert.rejects(password.options.sasl?.token?.() ?? Promise.resolve(), /PLAIN or SCRAM/)
})

test('a refusal of a token that the library takes for an answer is one', () => {
  const { options } = clientOptions({ bootstrapServers, auth: bearer() })
  const told: unknown[] = []
  for (const answer of ['', '{"status":"invalid_token"}']) {
    options.sasl?.authBytesValidator?.(Buffer.from(answer), (error) => told.push(error?.message))
  }
  assert.deepEqual(told, [undefined, 'SASL authentication failed: the broker refused the token'])
})

const secret = { jwtValidatorConfig: { audience: 'a', signatureConfig: { secret: 's'.repeat(32) } } }

test('two credentials are two, whatever the library makes of repeated headers', async () => {
  const published: { topic: string; headers: Map<Buffer, Buffer> }[] = []
  const producer = {
    send: ({ messages }: { messages: never[] }) => Promise.resolve(published.push(...messages)),
  }
  const guard = protect({ auth: [secret], producer: producer as never })
  const message: PlatformaticMessage = {
    topic: 'orders',
    partition: 0,
    offset: 1n,
    timestamp: BigInt(Date.now()),
    key: null,
    value: bytes('x'),
    headerEntries: [
      [bytes('authorization'), bytes('Bearer a')],
      [bytes('authorization'), bytes('Bearer b')],
    ],
    commit: () => undefined,
  }
  assert.equal(await guard.handle(message, () => assert.fail('it is not handled')), 'refused')
  const headers = [...(published[0]?.headers ?? [])].map(([name, value]) => [String(name), String(value)])
  assert.equal(published[0]?.topic, 'orders.refused')
  assert.deepEqual(headers, [
    ['barre-denial-code', 'malformed'],
    ['barre-denial-entry', 'auth[0]'],
  ])
  await guard.close()
})

test('the same by kafkajs, and a repeated header stays one', async () => {
  const published: { topic: string; messages: { headers: Record<string, string[]> }[] }[] = []
  const producer = { send: (sent: never) => Promise.resolve(published.push(sent)) }
  const guard = protectKafkaJs({ auth: [secret], producer })
  const headers = { authorization: ['Bearer a', Buffer.from('Bearer b')], trace: ['a', 'b'] }
  const message = { key: null, value: null, timestamp: String(Date.now()), offset: '1', headers }
  const native = { topic: 'orders', partition: 0, message, heartbeat: () => Promise.resolve() }
  assert.equal(await guard.handle(native, () => undefined), 'refused')
  assert.deepEqual(
    { ...published[0]?.messages[0]?.headers },
    {
      trace: ['a', 'b'],
      'barre-denial-code': ['malformed'],
      'barre-denial-entry': ['auth[0]'],
    },
  )
  await guard.close()
})

test('a message that was deserialized is not judged', async () => {
  const guard = protect({ auth: [secret], producer: {} as never })
  const message = { topic: 'orders', partition: 0, offset: 1n, timestamp: 1n, key: null, value: { a: 1 } }
  await assert.rejects(
    guard.handle({ ...message, headerEntries: [], commit: () => undefined }, () => undefined),
    /without deserializers/,
  )
  await guard.close()
})
