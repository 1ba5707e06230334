// Orders over NATS Streaming, which is deprecated: what examples/nats does with JetStream, for programs that have it.
import { generateKeyPairSync } from 'node:crypto'
import { attachIdentity, connect, protect } from 'barre/stan'
import type { StanMessage } from 'barre/stan'
import { natsStreaming } from '../../tools/servers/index.ts'
import { createTestCa } from '../../tools/test-ca.ts'

const ca = await createTestCa()
const users = ['shop', 'own'].map((name) => `{user: ${name}, password: "${name}123"}`)
const server = await natsStreaming.start({
  tls: { ...ca.server, caFile: ca.caFile },
  lines: [`authorization { users: [${users.join()}] }`],
  own: ['username: own', 'password: own123'],
  clusterId: 'orders',
})
const config = {
  url: `tls://localhost:${server.ports['nats']}`,
  auth: { username: 'shop', password: 'shop123' },
  secureSocket: { cert: ca.caFile, key: ca.client },
  options: { reconnect: false },
  clusterId: 'orders',
}
const connection = await connect({ ...config, clientId: 'stock' })

// Who speaks for the senders, and what a sender adds to a message.
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const names = { issuer: 'https://idp.example', audience: 'stock' }
const signatureConfig = { algorithm: 'EdDSA', config: privateKey } as const
const send = async (username: string, scope: string, payload: string): Promise<void> => {
  const identity = attachIdentity({ ...names, username, customClaims: { scope }, signatureConfig })
  const headers = await identity.headersFor({ target: 'orders.created', payload })
  await connection.publish('orders.created', payload, { ...headers })
}
await send('alice', 'create_order', 'a violin')
await send('mallory', 'read', 'a thousand violins')

// The consumer: what each subject demands, as data.
const guard = protect({
  auth: [{ jwtValidatorConfig: { ...names, signatureConfig: { certFile: publicKey } } }],
  subjects: { 'orders.created': { scopes: 'create_order' } },
  connection,
})
const text = ({ data }: StanMessage): string => Buffer.from(data).toString()
const orders = await connection.subscribe('orders.created', { durableName: 'stock', startPosition: 'first' })
for await (const message of orders) {
  const outcome = await guard.handle(message, (_, { principal }) => {
    console.log(`${principal?.username} wants ${text(message)}`)
  })
  console.log(outcome)
  if (outcome === 'refused') break
}
const refusals = await connection.subscribe('refused.orders.created', { startPosition: 'first' })
for await (const message of refusals) {
  console.log(text(message), 'is refused:', new Map(message.headers).get('barre-denial-code'))
  break
}

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
