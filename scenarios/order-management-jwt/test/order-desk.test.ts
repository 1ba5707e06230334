import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Inventory } from '../src/inventory-client.ts'
import { openOrderBook } from '../src/order-book.ts'
import type { Order, OrderBook } from '../src/order-book.ts'
import { orderDesk } from '../src/order-desk.ts'
import type { OrderDesk } from '../src/order-desk.ts'
import { openStock } from '../src/stock.ts'
import type { Stock } from '../src/stock.ts'

const book = (qty: number) => ({ category: 'books', code: 'b', qty })
const order = (qty: number): Order => ({ id: '1', name: 'one', items: [book(qty)] })

interface Shop {
  readonly orders: OrderBook
  readonly stock: Stock
  readonly desk: OrderDesk
  /** When the wire to the inventory breaks: before a request arrives, or before its answer does. */
  broken?: 'before' | 'after'
}

/** The real order book and the real shelf, with a wire between them that can break. */
function openShop(): Shop {
  const orders = openOrderBook(':memory:')
  const stock = openStock(':memory:', [book(10)])
  const over = <T>(work: () => T): T => {
    if (shop.broken === 'before') throw new Error('no connection')
    const answer = work()
    if (shop.broken === 'after') throw new Error('connection lost')
    return answer
  }
  const inventory: Inventory = {
    withdraw: async (key, items) => (over(() => stock.withdraw(key, items)) === 'done' ? 'done' : 'refused'),
    deposit: async (key, items) => void over(() => stock.deposit(key, items)),
    cancel: async (key) => over(() => stock.cancel(key)),
  }
  const shop: Shop = { orders, stock, desk: orderDesk(orders, inventory) }
  return shop
}

const left = ({ stock }: Shop): number | undefined => stock.quantity('books', 'b')

for (const broken of ['before', 'after'] as const) {
  test(`an order whose withdrawal breaks off ${broken} it arrived is refused, and its items come back`, async () => {
    const shop = openShop()
    shop.broken = broken
    assert.equal(await shop.desk.change(undefined, order(4)), 'inventory unavailable')
    assert.equal(shop.orders.find('1'), undefined)
    delete shop.broken
    await shop.desk.settle()
    assert.equal(left(shop), 10)
    assert.deepEqual(shop.orders.pending(), [])
  })

  test(`a cancelled order's items come back once, after a deposit that broke off ${broken} it arrived`, async () => {
    const shop = openShop()
    assert.equal(await shop.desk.change(undefined, order(4)), 'done')
    shop.broken = broken
    assert.equal(await shop.desk.change(order(4), undefined), 'done')
    delete shop.broken
    await shop.desk.settle()
    await shop.desk.settle()
    assert.equal(left(shop), 10)
    assert.deepEqual(shop.orders.pending(), [])
  })
}

test('a withdrawal that arrives after its cancellation takes nothing', () => {
  const { stock } = openShop()
  stock.cancel('k')
  assert.equal(stock.withdraw('k', [book(4)]), 'cancelled')
  assert.equal(stock.quantity('books', 'b'), 10)
})

test('of two changes of the same order one wins, and the stock is right', async () => {
  const shop = openShop()
  await shop.desk.change(undefined, order(4))
  const outcomes = await Promise.all([
    shop.desk.change(order(4), order(6)),
    shop.desk.change(order(4), order(1)),
  ])
  assert.deepEqual(outcomes.toSorted(), ['conflict', 'done'])
  const kept = shop.orders.find('1')?.items[0]?.qty ?? 0
  assert.equal(left(shop), 10 - kept)
})

test('a withdrawal is whole or not at all', () => {
  const { stock } = openShop()
  assert.equal(stock.withdraw('k', [book(4), { category: 'books', code: 'none', qty: 1 }]), 'unknown article')
  assert.equal(stock.withdraw('l', [book(4), book(7)]), 'not enough in stock')
  assert.equal(stock.quantity('books', 'b'), 10)
})
