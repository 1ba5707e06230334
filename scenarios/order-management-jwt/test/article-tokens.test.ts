import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { request, Agent } from 'undici'
import { sharedTest } from '../../../tools/shared.ts'
import { createTestCa } from '../../../tools/test-ca.ts'
import type { TestCa } from '../../../tools/test-ca.ts'
import type { Inventory } from '../src/inventory-client.ts'
import { sendJson } from '../src/json.ts'
import { listen } from '../src/listen.ts'
import type { Running } from '../src/listen.ts'
import { openOrderBook } from '../src/order-book.ts'
import { orderDesk } from '../src/order-desk.ts'
import { startOrderService } from '../src/order-service.ts'

const order = {
  id: '100500',
  name: 'Sample order',
  items: [{ category: 'electronics', code: 'SOWH1000XM4', qty: 2 }],
}
const { id: _id, ...change } = order

sharedTest('the literal tokens of the article open what the article says', ['ballerina'], async (data) => {
  const tokens = JSON.parse(readFileSync(join(data, 'jwt-strings.json'), 'utf8')) as {
    name: string
    jwt: string
  }[]
  const [counter, admin] = tokens.map(({ jwt }) => jwt)
  const ca = await createTestCa()
  const jwks = await serveJwks(ca, JSON.parse(readFileSync(join(data, 'sts-jwks.json'), 'utf8')))
  const service = await startOrders(ca, `${jwks.url}/oauth2/jwks`)
  const dispatcher = new Agent({ connect: { ca: ca.ca.cert } })
  const call = async (method: 'POST' | 'PUT' | 'GET' | 'DELETE', token?: string): Promise<number> => {
    const url = `${service.url}/order${method === 'POST' ? '' : '/100500'}`
    const body = method === 'POST' ? order : method === 'PUT' ? change : undefined
    const { statusCode, body: answer } = await request(url, {
      dispatcher,
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    await answer.dump()
    return statusCode
  }
  try {
    assert.equal(await call('POST'), 401)
    assert.equal(await call('POST', counter), 201)
    assert.equal(await call('GET'), 200)
    assert.equal(await call('PUT'), 401)
    assert.equal(await call('PUT', counter), 403)
    assert.equal(await call('PUT', admin), 200)
    assert.equal(await call('DELETE', admin), 200)
  } finally {
    await dispatcher.close()
    await service.close()
    await jwks.close()
    await ca.remove()
  }
})

async function serveJwks(ca: TestCa, jwks: unknown): Promise<Running> {
  const options = { cert: readFileSync(ca.server.certFile), key: readFileSync(ca.server.keyFile) }
  return listen(
    createServer(options, (_request, response) => sendJson(response, 200, jwks)),
    0,
  )
}

/** The order service as the article configures it, on a shelf that never runs empty. */
async function startOrders(ca: TestCa, url: string): Promise<Running> {
  const jwksConfig = { url, clientConfig: { secureSocket: { cert: ca.caFile } } }
  const jwtValidatorConfig = { issuer: 'wso2', audience: 'ballerina', signatureConfig: { jwksConfig } }
  const fullShelf: Inventory = {
    withdraw: async () => 'done',
    deposit: async () => undefined,
    cancel: async () => undefined,
  }
  const book = openOrderBook(':memory:')
  const config = { port: 0, certificate: ca.server, auth: [{ jwtValidatorConfig }] }
  return startOrderService(config, book, orderDesk(book, fullShelf))
}
