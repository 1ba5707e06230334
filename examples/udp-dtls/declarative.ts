// Single datagrams, protected by DTLS: small devices prove a key that they share with the server.
import { randomBytes } from 'node:crypto'
import { createClient, createServer, DtlsError } from 'barre/udp'

const newKey = (): string => randomBytes(16).toString('hex')
const sharedKeys = { thermometer: newKey(), doorbell: newKey() }
const identities = { thermometer: ['report'], doorbell: [] }
const server = createServer(
  { auth: [{ preSharedKeyConfig: { identities }, scopes: 'report' }], sharedKeys },
  (connection, { principal }) => {
    connection.onMessage((data) => connection.send(Buffer.from(`${principal?.username}: ${data.toString()}`)))
  },
)
const { port } = await server.listen({ port: 0 })

const callers = [
  ['thermometer', sharedKeys.thermometer],
  ['doorbell', sharedKeys.doorbell],
  ['thermometer', newKey()],
] as const
for (const [identity, key] of callers) {
  const client = createClient({ host: '127.0.0.1', port, sharedKey: { identity, key } })
  try {
    const connection = await client.connect()
    const answer = new Promise<string>((resolve, reject) => {
      connection.onMessage((data) => resolve(data.toString()))
      connection.onClose((error) => reject(error ?? new Error('closed')))
    })
    connection.send(Buffer.from('21 degrees'))
    console.log(await answer)
  } catch (error) {
    if (error instanceof DtlsError) console.log(`${identity}: ${error.code}`)
  }
  client.close()
}
await server.close()

/*
psk:thermometer: 21 degrees
doorbell: access_denied
thermometer: bad_record_mac
*/
