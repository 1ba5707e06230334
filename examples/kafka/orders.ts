// Orders over Kafka: a consumer that knows who sent each message, and where a message goes that it refuses.
import { generateKeyPairSync } from 'node:crypto'
import { Consumer, Producer } from '@platformatic/kafka'
import { attachIdentity, clientOptions, protect } from 'barre/kafka'
import { kafka } from '../../tools/servers/index.ts'
import { createTestCa } from '../../tools/test-ca.ts'

// Who speaks for the senders, and for us towards the broker: an issuer whom the broker and the consumer believe.
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const issuer = 'https://idp.example'
const signed = { issuer, keyId: 'one', signatureConfig: { algorithm: 'RS256', config: privateKey } } as const

const ca = await createTestCa()
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }
const server = await kafka.start({
  tls: { ...ca.server, caFile: ca.caFile },
  user: { name: 'shop', password: 'shop123' },
  tokens: { jwks: { keys: [jwk] }, issuer, audience: 'kafka' },
})
const config = {
  bootstrapServers: `localhost:${server.ports['sasl']}`,
  // Signed anew, and shown to the open connections, before it ends. A token service has a `tokenUrl` instead.
  auth: { ...signed, username: 'stock', audience: 'kafka' },
  secureSocket: { cert: ca.caFile, key: ca.client },
}
const { options, close } = clientOptions(config)
const producer = new Producer({ clientId: 'stock', ...options, autocreateTopics: true })

const bytes = (text: string): Buffer => Buffer.from(text)
const send = async (username: string, scope: string, payload: string): Promise<void> => {
  const identity = attachIdentity({ ...signed, username, audience: 'stock', customClaims: { scope } })
  const { authorization } = await identity.headersFor({ target: 'orders', payload })
  const headers = new Map([[bytes('authorization'), bytes(authorization)]])
  await producer.send({ messages: [{ topic: 'orders', value: bytes(payload), headers }] })
}
await send('alice', 'create_order', 'a violin')
await send('mallory', 'read', 'a thousand violins')

// The consumer: what each topic demands, as data.
const guard = protect({
  auth: [{ jwtValidatorConfig: { issuer, audience: 'stock', signatureConfig: { certFile: publicKey } } }],
  topics: { orders: { scopes: 'create_order' } },
  producer,
})
const consumer = new Consumer({ clientId: 'stock', groupId: 'stock', ...options, autocommit: false })
const from = { mode: 'earliest', maxWaitTime: 100 } as const
const orders = await consumer.consume({ topics: ['orders'], ...from })
for await (const message of orders) {
  const outcome = await guard.handle(message, (_, { principal }) => {
    console.log(`${principal?.username} wants ${String(message.value)}`)
  })
  if (outcome === 'refused') break
}
const refusals = await consumer.consume({ topics: ['orders.refused'], ...from })
for await (const { value, headerEntries } of refusals) {
  const [, code] = headerEntries.find(([name]) => String(name) === 'barre-denial-code') ?? []
  console.log(String(value), 'is refused:', String(code))
  break
}

await guard.close()
await consumer.close(true)
await producer.close()
await close()
await server.stop()
await ca.remove()

/*
alice wants a violin
a thousand violins is refused: insufficient_scope
*/
