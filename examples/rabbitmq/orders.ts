// Orders over RabbitMQ: a consumer that knows who sent each message, and where a message goes that it refuses.
import { generateKeyPairSync } from 'node:crypto'
import { attachIdentity, connect, protect } from 'barre/rabbitmq'
import { jwt } from 'barre/jwt'
import { rabbitMq } from '../../tools/servers/index.ts'
import { createTestCa } from '../../tools/test-ca.ts'

// Who speaks for the senders, and for us towards the broker: an issuer whom the broker and the consumer believe.
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const issuer = 'https://idp.example'
const signed = { issuer, keyId: 'one', signatureConfig: { algorithm: 'RS256', config: privateKey } } as const

const ca = await createTestCa()
const server = await rabbitMq.start({
  tls: { ...ca.server, caFile: ca.caFile },
  user: { name: 'admin', password: 'only-for-the-start' },
  tokenKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
})
const scope = 'rabbitmq.configure:*/* rabbitmq.read:*/* rabbitmq.write:*/*'
const config = {
  url: `amqps://localhost:${server.ports['amqps']}`,
  // Signed anew, and given to the open connection, before it ends. A token service has a `tokenUrl` instead.
  auth: { ...signed, username: 'stock', audience: 'rabbitmq', customClaims: { scope } },
  secureSocket: { cert: ca.caFile, key: ca.client },
}
const connection = await connect(config)
const channel = await connection.createConfirmChannel()
await channel.assertQueue('orders')

const send = async (username: string, rights: string, payload: string): Promise<void> => {
  const identity = attachIdentity({ ...signed, username, audience: 'stock', customClaims: { scope: rights } })
  const headers = await identity.headersFor({ target: 'orders', payload })
  channel.sendToQueue('orders', Buffer.from(payload), { headers })
}
await send('alice', 'create_order', 'a violin')
await send('mallory', 'read', 'a thousand violins')

// The consumer: what each queue demands, as data.
const guard = protect({
  auth: [{ jwtValidatorConfig: { issuer, audience: 'stock', signatureConfig: { certFile: publicKey } } }],
  queues: { orders: { scopes: 'create_order' } },
})
await guard.consume(channel, 'orders', (message, { principal }) => {
  console.log(`${principal?.username} wants ${message.content.toString()}`)
})
const refused = Promise.withResolvers<void>()
await channel.consume('orders.refused', (message) => {
  if (message === null) return
  console.log(message.content.toString(), 'is refused:', message.properties.headers?.['barre-denial-code'])
  channel.ack(message)
  refused.resolve()
})
await refused.promise

// A token for somebody else, and a server that proves nothing to us.
const token = await jwt.issue({ ...signed, audience: 'elsewhere' })
for (const more of [{ auth: { token } }, { secureSocket: { key: ca.client } }]) {
  const error: unknown = await connect({ ...config, ...more }).catch((reason: unknown) => reason)
  console.log(error instanceof Error ? error.message.split(' with message ')[0] : 'connected')
}
await guard.close()
await channel.close()
await connection.close()
await server.stop()
await ca.remove()

/*
alice wants a violin
a thousand violins is refused: insufficient_scope
Handshake terminated by server: 403 (ACCESS-REFUSED)
self-signed certificate in certificate chain
*/
