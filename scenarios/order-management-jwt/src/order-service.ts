import { readFileSync } from 'node:fs'
import fastify from 'fastify'
import type { FastifyReply } from 'fastify'
import { barre } from 'barre/fastify'
import type { AuthConfig } from 'barre/auth'
import type { CertKey } from 'barre/core'
import type { Running } from './listen.ts'
import type { Order, OrderBook } from './order-book.ts'
import type { ChangeOutcome, OrderDesk } from './order-desk.ts'

export interface OrderServiceConfig {
  readonly port: number
  readonly certificate: CertKey
  /** Who may call: whose tokens are trusted. */
  readonly auth: AuthConfig
}

type OrderId = { Params: { id: string } }

/** How often pending moves are offered to the inventory again, in milliseconds. */
const settleEveryMs = 1000

/** The order service of the article: changing orders needs a scope each, looking at one is open. */
export async function startOrderService(
  config: OrderServiceConfig,
  book: OrderBook,
  desk: OrderDesk,
): Promise<Running> {
  const { certFile, keyFile } = config.certificate
  const app = fastify({
    https: { cert: readFileSync(certFile), key: readFileSync(keyFile) },
    forceCloseConnections: true,
  })
  await app.register(barre, { auth: config.auth })

  app.post<{ Body: Order }>(
    '/order',
    { config: { auth: { scopes: 'add_order' } }, schema: { body: orderSchema('id', 'name', 'items') } },
    async (request, reply) => {
      const { id } = request.body
      if (book.find(id) !== undefined)
        return reply.code(409).send({ message: `Order '${id}' already exists.` })
      const outcome = await desk.change(undefined, request.body)
      if (outcome !== 'done') return fail(reply, outcome)
      const url = `${app.listeningOrigin.replace('127.0.0.1', 'localhost')}/order/${encodeURIComponent(id)}`
      return reply
        .code(201)
        .header('location', url)
        .send({ status: `Order '${id}' created.` })
    },
  )

  app.put<OrderId & { Body: Omit<Order, 'id'> }>(
    '/order/:id',
    { config: { auth: { scopes: 'update_order' } }, schema: { body: orderSchema('name', 'items') } },
    async (request, reply) => {
      const { id } = request.params
      const before = book.find(id)
      if (before === undefined) return reply.code(400).send({ message: `Order '${id}' cannot be found.` })
      const outcome = await desk.change(before, { ...request.body, id })
      return outcome === 'done' ? { status: `Order '${id}' updated.` } : fail(reply, outcome)
    },
  )

  app.delete<OrderId>(
    '/order/:id',
    { config: { auth: { scopes: 'cancel_order' } } },
    async (request, reply) => {
      const { id } = request.params
      const before = book.find(id)
      if (before === undefined) return reply.code(400).send({ message: `Order '${id}' cannot be found.` })
      const outcome = await desk.change(before, undefined)
      return outcome === 'done' ? { status: `Order '${id}' removed.` } : fail(reply, outcome)
    },
  )

  app.get<OrderId>('/order/:id', { config: { auth: false } }, async (request, reply) => {
    const { id } = request.params
    return book.find(id) ?? reply.code(404).send({ message: `Order '${id}' cannot be found.` })
  })

  const settling = setInterval(() => void desk.settle(), settleEveryMs)
  app.addHook('onClose', async () => clearInterval(settling))
  await app.listen({ host: '127.0.0.1', port: config.port })
  return { url: app.listeningOrigin.replace('127.0.0.1', 'localhost'), close: () => app.close() }
}

const failures: Readonly<Record<Exclude<ChangeOutcome, 'done'>, readonly [number, string]>> = {
  conflict: [409, 'The order was changed meanwhile.'],
  'out of stock': [409, 'Not enough in stock.'],
  'inventory unavailable': [500, 'Failed to decrease the inventory quantity.'],
}

function fail(reply: FastifyReply, outcome: Exclude<ChangeOutcome, 'done'>): FastifyReply {
  const [status, message] = failures[outcome]
  return reply.code(status).send({ message })
}

const orderMembers = {
  id: { type: 'string', minLength: 1, maxLength: 64 },
  name: { type: 'string', minLength: 1, maxLength: 200 },
  items: {
    type: 'array',
    minItems: 1,
    maxItems: 100,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['category', 'code', 'qty'],
      properties: {
        category: { type: 'string', minLength: 1 },
        code: { type: 'string', minLength: 1 },
        qty: { type: 'integer', minimum: 1, maximum: 1000 },
      },
    },
  },
}

function orderSchema(...names: (keyof typeof orderMembers)[]): object {
  const properties = Object.fromEntries(names.map((name) => [name, orderMembers[name]]))
  return { type: 'object', additionalProperties: false, required: names, properties }
}
