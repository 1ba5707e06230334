import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { freePorts } from '../../../tools/servers/index.ts'
import { fixedPorts } from '../src/ports.ts'
import type { Ports } from '../src/ports.ts'
import { steps } from '../src/steps.ts'
import { startSystem } from '../src/system.ts'
import type { System } from '../src/system.ts'
import { walk } from '../src/walk.ts'
import type { Ground, Outcome } from '../src/walk.ts'

let system: System
let ground: Ground

before(async () => {
  const names = Object.keys(fixedPorts)
  const free = await freePorts(names.length)
  const ports: Ports = { ...fixedPorts, ...Object.fromEntries(names.map((name, at) => [name, free[at]])) }
  system = await startSystem(ports)
  ground = { ...system, tokens: await system.issueTokens() }
})
after(() => system.close())

const create = {
  title: 'an order for the stock test',
  to: 'gateway',
  method: 'POST',
  path: '/order',
  as: 'counter',
  expected: 201,
} as const

function order(id: string, qty: number): object {
  return { id, name: id, items: [books(qty)] }
}

async function statusOf(step: Parameters<typeof walk>[0][number]): Promise<Outcome['found']> {
  let found: Outcome['found'] = 0
  await walk([step], ground, (outcome) => (found = outcome.found))
  return found
}

const left = (): number | undefined => system.stock.quantity('books', '978-1484220498')
const books = (qty: number): object => ({ category: 'books', code: '978-1484220498', qty })

test('every call of the article, and every way in that must stay shut, comes out as expected', async () => {
  const surprises: Outcome[] = []
  await walk(steps, ground, (outcome) => {
    if (!outcome.asExpected) surprises.push(outcome)
  })
  assert.deepEqual(surprises, [])
})

test('stock follows the orders: taken, given back, and never below nothing', async () => {
  assert.equal(left(), 10)
  assert.equal(await statusOf({ ...create, body: order('s1', 4) }), 201)
  assert.equal(left(), 6)
  assert.equal(await statusOf({ ...create, body: order('s2', 7) }), 409)
  assert.equal(left(), 6)
  const change = { ...create, as: 'admin', method: 'PUT', path: '/order/s1', expected: 200 } as const
  assert.equal(await statusOf({ ...change, body: { name: 'less', items: [books(1)] } }), 200)
  assert.equal(left(), 9)
  assert.equal(await statusOf({ ...create, as: 'admin', method: 'DELETE', path: '/order/s1' }), 200)
  assert.equal(left(), 10)
})

test('a failed inventory call leaves nothing half-done', async () => {
  await system.stopInventory()
  assert.equal(await statusOf({ ...create, body: order('s3', 1) }), 500)
  assert.equal(await statusOf({ ...create, method: 'GET', path: '/order/s3' }), 404)
  assert.equal(left(), 10)
})
