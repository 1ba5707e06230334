import { Server, ServerCredentials } from '@grpc/grpc-js'
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { createServer } from 'barre/grpc'
import { answer, forgetful, toAuth, toBareCheck } from '../http/servers/service.ts'
import type { Service } from '../http/servers/service.ts'
import type { Issued } from '../jwt/tokens.ts'

const toBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const fromBytes = (bytes: Buffer): unknown => JSON.parse(String(bytes))

/** The one method, with messages in JSON. */
export const method = {
  path: '/orders.Orders/Show',
  requestStream: false,
  responseStream: false,
  requestSerialize: toBytes,
  requestDeserialize: fromBytes,
  responseSerialize: toBytes,
  responseDeserialize: fromBytes,
}

const address = '127.0.0.1:0'
const bare = 'grpc-js, bare'
const checking = 'grpc-js, one crypto.verify per call'

export const services: readonly Service[] = [
  { name: bare, isOpen: true, listen: async () => listenBare(() => {}) },
  { name: checking, isOpen: true, listen: async (issued) => listenBare(await toBareCheck(issued)) },
  { name: 'barre/grpc, warm', limit: bare, isOurs: true, listen: (issued) => listenGuarded(issued, {}) },
  {
    name: 'barre/grpc, cold',
    limit: checking,
    isOurs: true,
    listen: (issued) => listenGuarded(issued, forgetful),
  },
]

function listenBare(check: () => void): Promise<number> {
  const server = new Server()
  addOrders(server, check)
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    )
  })
}

function listenGuarded(issued: Issued, cacheConfig: object): Promise<number> {
  const server = createServer({ auth: toAuth(issued, cacheConfig) })
  addOrders(server, () => {})
  return server.listen(address)
}

function addOrders(server: Server, check: () => void): void {
  server.addService(
    { Show: method },
    {
      Show(_call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) {
        check()
        done(null, answer)
      },
    },
  )
}
