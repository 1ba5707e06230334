// A connection with a scope for each type of message, that ends with its token, or goes on with the next one.
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jwt } from 'barre/jwt'
import { createClient, HandshakeError, protect } from 'barre/websocket'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const names = { issuer: 'https://idp.example', audience: 'orders' }
const live = protect(
  {
    auth: [{ jwtValidatorConfig: { ...names, signatureConfig: { certFile: publicKey }, clockSkew: 0 } }],
    resources: { '/orders': true },
    messages: { watch: true, cancel: { scopes: 'cancel_order' } },
    dispatcherKey: 'type',
    refuseMessage: ({ code, scopes }) => `${code}: ${scopes?.join(' ')}`,
    inBand: 'renew',
  },
  (socket, context) => socket.on('message', () => socket.send(`done for ${context.principal?.username}`)),
)
const server = createServer().listen(0, '127.0.0.1')
live.attach(server)
await once(server, 'listening')
const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/orders`

const signatureConfig = { algorithm: 'EdDSA', config: privateKey } as const
const issue = (scope: string, expTime: number): Promise<string> | string =>
  jwt.issue({ ...names, username: 'alice', expTime, customClaims: { scope }, signatureConfig })

const client = createClient({ url, auth: { token: await issue('', 3) } })
const socket = await client.connect()
const say = async (message: object): Promise<string> => {
  socket.send(JSON.stringify(message))
  const [answer] = (await once(socket, 'message')) as [Buffer]
  return answer.toString()
}
console.log(await say({ type: 'watch' }))
console.log(await say({ type: 'cancel' }))
const next = `Bearer ${await issue('cancel_order', 3)}`
console.log(await say({ type: 'barre.authenticate', authorization: next }))
console.log(await say({ type: 'cancel' }))
const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
console.log(`after 3 seconds: ${code} ${reason.toString()}`)

const stranger = createClient({ url, auth: { token: 'guessed' } })
const refusal: unknown = await stranger.connect().catch((error: unknown) => error)
if (refusal instanceof HandshakeError) console.log(`a stranger: ${refusal.status}`)
await Promise.all([client.close(), stranger.close(), live.close()])
server.close()

/*
done for alice
insufficient_scope: cancel_order
{"type":"barre.authenticated"}
done for alice
after 3 seconds: 4401 unauthorized
a stranger: 401
*/
