import { DatabaseSync } from 'node:sqlite'
import type { OrderItem } from './stock.ts'
import { transaction } from './transaction.ts'

export interface Order {
  readonly id: string
  readonly name: string
  readonly items: readonly OrderItem[]
}

/** A message to the inventory that must arrive: it is kept until it was acknowledged. */
export interface PendingMove {
  readonly key: string
  /** `cancel`: the change it was for never came about. `deposit`: the change freed these items. */
  readonly kind: 'cancel' | 'deposit'
  readonly items: readonly OrderItem[]
}

/** An order's new state, and what it means for the stock. */
interface Change {
  readonly before: Order | undefined
  readonly after: Order | undefined
  /** The key of the withdrawal that was made for it. */
  readonly withdrawn: string
  readonly deposit: PendingMove | undefined
}

/**
 * The order book. One transaction writes a change together with what it means for the stock: after a crash at any
 * point, the pending moves say what is left to tell the inventory.
 */
export interface OrderBook {
  find(id: string): Order | undefined
  /** Notes that `key` is about to be withdrawn; unless `commit` follows, it is to be cancelled. */
  begin(key: string): void
  /** Replaces `before` by `after` (absent: there is none). Answers false when `before` is no longer what is there. */
  commit(change: Change): boolean
  pending(): readonly PendingMove[]
  settle(key: string): void
  close(): void
}

/** Opens the order book at a SQLite file (or `:memory:`). */
export function openOrderBook(file: string): OrderBook {
  const database = new DatabaseSync(file)
  database.exec(`
    pragma journal_mode = wal;
    create table if not exists orders (id text primary key, name text not null, items text not null) strict;
    create table if not exists pending_moves (key text primary key, kind text not null, items text not null) strict;
  `)
  const find = database.prepare('select id, name, items from orders where id = ?')
  const insert = database.prepare('insert or ignore into orders (id, name, items) values (?, ?, ?)')
  const remove = database.prepare('delete from orders where id = ? and name = ? and items = ?')
  const addMove = database.prepare('insert into pending_moves (key, kind, items) values (?, ?, ?)')
  const endMove = database.prepare('delete from pending_moves where key = ?')
  const listMoves = database.prepare('select key, kind, items from pending_moves')

  const isWritten = (before: Order | undefined, after: Order | undefined): boolean => {
    if (before !== undefined && remove.run(...toRow(before)).changes === 0) return false
    return after === undefined || insert.run(...toRow(after)).changes === 1
  }

  return {
    find(id) {
      const row = find.get(id)
      return row && (fromRow(row) as unknown as Order)
    },
    begin(key) {
      addMove.run(key, 'cancel', '[]')
    },
    commit({ before, after, withdrawn, deposit }) {
      const change = (): boolean => {
        if (!isWritten(before, after)) return false
        endMove.run(withdrawn)
        if (deposit !== undefined) addMove.run(deposit.key, deposit.kind, JSON.stringify(deposit.items))
        return true
      }
      return transaction(database, change, (written) => written)
    },
    pending: () => listMoves.all().map((row) => fromRow(row) as unknown as PendingMove),
    settle(key) {
      endMove.run(key)
    },
    close: () => database.close(),
  }
}

function toRow({ id, name, items }: Order): [string, string, string] {
  return [id, name, JSON.stringify(items)]
}

function fromRow(row: Record<string, unknown>): Record<string, unknown> {
  return { ...row, items: JSON.parse(String(row['items'])) }
}
