// A service with an open and a guarded route; sends its port. The password's cost is the same under both guards.
import { argon2, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { hashPassword } from 'barre/crypto'
import { protect } from 'barre/http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Guard = 'barre' | 'bare'

const guards: Readonly<Record<Guard, () => Promise<RequestListener>>> = { barre: guarded, bare }
const server = createServer(await guards[process.argv[2] as Guard]())
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

/** Without the throttle, which would refuse most of the flood before it costs anything. */
async function guarded(): Promise<RequestListener> {
  const hash = await hashPassword(randomBytes(12).toString('hex'))
  if (!hash.ok) throw new Error(hash.denial.detail)
  const users = [{ username: 'alice', password: hash.value }]
  return protect(
    {
      auth: [{ fileUserStoreConfig: { users, loginThrottle: false } }],
      resources: { 'GET /open': false, 'GET /guarded': true },
    },
    (_request, response) => response.end('ok'),
  )
}

/** What a service that hashes each password as it comes does. */
async function bare(): Promise<RequestListener> {
  const nonce = randomBytes(16)
  const cost = { nonce, parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 }
  return (request, response) => {
    if (request.url === '/open') response.end('ok')
    else
      argon2('argon2id', { message: request.headers.authorization ?? '', ...cost }, () => {
        response.writeHead(401).end()
      })
  }
}
