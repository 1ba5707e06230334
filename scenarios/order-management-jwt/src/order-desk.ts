import { randomUUID } from 'node:crypto'
import type { Inventory } from './inventory-client.ts'
import type { Order, OrderBook, PendingMove } from './order-book.ts'
import type { OrderItem } from './stock.ts'

export type ChangeOutcome = 'done' | 'conflict' | 'out of stock' | 'inventory unavailable'

/**
 * Changes orders and the stock behind them together. Items are withdrawn first, the order is written, freed items are
 * deposited last; whatever fails in between leaves a pending move that `settle` brings to its end.
 */
export interface OrderDesk {
  change(before: Order | undefined, after: Order | undefined): Promise<ChangeOutcome>
  /** Tells the inventory what it has not acknowledged yet. */
  settle(): Promise<void>
}

export function orderDesk(book: OrderBook, inventory: Inventory): OrderDesk {
  const inFlight = new Set<string>()

  const settleOne = async ({ key, kind, items }: PendingMove): Promise<void> => {
    try {
      await (kind === 'cancel' ? inventory.cancel(key) : inventory.deposit(key, items))
      book.settle(key)
    } catch {
      // The inventory is away: the move stays pending and is tried again.
    }
  }
  const settle = async (): Promise<void> => {
    for (const move of book.pending()) if (!inFlight.has(move.key)) await settleOne(move)
  }

  const withdraw = async (key: string, items: readonly OrderItem[]): Promise<ChangeOutcome> => {
    if (items.length === 0) return 'done'
    try {
      return (await inventory.withdraw(key, items)) === 'done' ? 'done' : 'out of stock'
    } catch {
      return 'inventory unavailable'
    }
  }
  const attempt = async (withdrawn: string, before?: Order, after?: Order): Promise<ChangeOutcome> => {
    const outcome = await withdraw(withdrawn, excess(after, before))
    if (outcome !== 'done') return outcome
    const freed = excess(before, after)
    const deposit: PendingMove | undefined =
      freed.length > 0 ? { key: randomUUID(), kind: 'deposit', items: freed } : undefined
    return book.commit({ before, after, withdrawn, deposit }) ? 'done' : 'conflict'
  }

  return {
    async change(before, after) {
      const key = randomUUID()
      book.begin(key)
      inFlight.add(key)
      const outcome = await attempt(key, before, after)
      inFlight.delete(key)
      await settle()
      return outcome
    },
    settle,
  }
}

/** What one order holds beyond another, article by article. */
function excess(order: Order | undefined, other: Order | undefined): OrderItem[] {
  const totals = new Map<string, OrderItem>()
  const add = ({ category, code, qty }: OrderItem, sign: 1 | -1): void => {
    const name = JSON.stringify([category, code])
    totals.set(name, { category, code, qty: (totals.get(name)?.qty ?? 0) + sign * qty })
  }
  for (const item of order?.items ?? []) add(item, 1)
  for (const item of other?.items ?? []) add(item, -1)
  return [...totals.values()].filter(({ qty }) => qty > 0)
}
