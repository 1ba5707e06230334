// Orders over JetStream: a consumer that knows who sent each message, and where a message goes that it refuses.
import { generateKeyPairSync } from 'node:crypto'
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { headers } from '@nats-io/transport-node'
import { attachIdentity, connect, protect } from 'barre/nats'
import { natsServer } from '../../tools/servers/index.ts'
import { createTestCa } from '../../tools/test-ca.ts'

const ca = await createTestCa()
const users = '{user: shop, password: "shop123"}'
const tls = { ...ca.server, caFile: ca.caFile }
const server = await natsServer.start({ tls, lines: [`authorization { users: [${users}] }`] })
const config = {
  url: `tls://localhost:${server.ports['nats']}`,
  auth: { username: 'shop', password: 'shop123' },
  secureSocket: { cert: ca.caFile, key: ca.client },
  options: { reconnect: false },
}
const connection = await connect(config)
const manager = await jetstreamManager(connection)
await manager.streams.add({ name: 'ORDERS', subjects: ['orders.*', 'refused.>'] })
await manager.consumers.add('ORDERS', {
  durable_name: 'stock',
  ack_policy: AckPolicy.Explicit,
  filter_subject: 'orders.*',
})
const orders = jetstream(connection)

// Who speaks for the senders, and what a sender adds to a message.
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const names = { issuer: 'https://idp.example', audience: 'stock' }
const signatureConfig = { algorithm: 'EdDSA', config: privateKey } as const
const send = async (username: string, scope: string, payload: string): Promise<void> => {
  const identity = attachIdentity({ ...names, username, customClaims: { scope }, signatureConfig })
  const { authorization } = await identity.headersFor({ target: 'orders.created', payload })
  const sent = headers()
  sent.set('authorization', authorization)
  await orders.publish('orders.created', payload, { headers: sent })
}
await send('alice', 'create_order', 'a violin')
await send('mallory', 'read', 'a thousand violins')

// The consumer: what each subject demands, as data.
const guard = protect({
  auth: [{ jwtValidatorConfig: { ...names, signatureConfig: { certFile: publicKey } } }],
  subjects: { 'orders.created': { scopes: 'create_order' } },
  jetstream: orders,
})
const consumer = await orders.consumers.get('ORDERS', 'stock')
for await (const message of await consumer.fetch({ max_messages: 2 })) {
  const outcome = await guard.handle(message, (_, { principal }) => {
    console.log(`${principal?.username} wants ${message.string()}`)
  })
  console.log(outcome)
}
const refused = await manager.streams.getMessage('ORDERS', { last_by_subj: 'refused.orders.created' })
console.log(refused?.string(), 'is refused:', refused?.header.get('barre-denial-code'))

// Somebody who guesses, and a server that proves nothing to us.
for (const more of [
  { auth: { username: 'shop', password: 'guess' } },
  { secureSocket: { key: ca.client } },
]) {
  const error: unknown = await connect({ ...config, ...more }).catch((reason: unknown) => reason)
  console.log(error instanceof Error ? error.message.split(';')[0] : 'connected')
}
await guard.close()
await connection.close()
await server.stop()
await ca.remove()

/*
alice wants a violin
handled
refused
a thousand violins is refused: insufficient_scope
Authorization Violation
unable to verify the first certificate
*/
