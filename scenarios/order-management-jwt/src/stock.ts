import { DatabaseSync } from 'node:sqlite'
import { transaction } from './transaction.ts'

/** An amount of one article, as orders and the inventory exchange it. */
export interface OrderItem {
  readonly category: string
  readonly code: string
  readonly qty: number
}

/** What a move of stock came to. A refused move changed nothing. */
export type MoveOutcome = 'done' | 'cancelled' | 'unknown article' | 'not enough in stock'

/**
 * The shelf. Every move carries a key of the caller's: repeated with its key, it happens once. A withdrawal that is
 * cancelled is put back, or never happens at all when the cancellation overtakes it.
 */
export interface Stock {
  withdraw(key: string, items: readonly OrderItem[]): MoveOutcome
  deposit(key: string, items: readonly OrderItem[]): MoveOutcome
  cancel(key: string): void
  quantity(category: string, code: string): number | undefined
  close(): void
}

/** Opens the shelf at a SQLite file (or `:memory:`) and fills it when it is new. */
export function openStock(file: string, initial: readonly OrderItem[]): Stock {
  const database = new DatabaseSync(file)
  database.exec(`
    pragma journal_mode = wal;
    create table if not exists stock (
      category text not null, code text not null, qty integer not null check (qty >= 0), primary key (category, code)
    ) strict;
    create table if not exists moves (key text primary key, withdrawn text, cancelled integer not null) strict;
  `)
  fill(database, initial)
  const find = database.prepare('select qty from stock where category = ? and code = ?')
  const change = database.prepare('update stock set qty = qty + ? where category = ? and code = ?')
  const findMove = database.prepare('select withdrawn, cancelled from moves where key = ?')
  const keepMove = database.prepare('insert into moves (key, withdrawn, cancelled) values (?, ?, ?)')
  const markCancelled = database.prepare('update moves set cancelled = 1 where key = ?')

  const quantity = (category: string, code: string): number | undefined =>
    find.get(category, code)?.['qty'] as number | undefined

  const apply = (direction: 1 | -1, items: readonly OrderItem[]): MoveOutcome => {
    for (const { category, code, qty } of items) {
      const held = quantity(category, code)
      if (held === undefined) return 'unknown article'
      if (held + direction * qty < 0) return 'not enough in stock'
      change.run(direction * qty, category, code)
    }
    return 'done'
  }

  const move = (key: string, direction: 1 | -1, items: readonly OrderItem[]): MoveOutcome => {
    const earlier = findMove.get(key)
    if (earlier !== undefined) return earlier['cancelled'] === 1 ? 'cancelled' : 'done'
    keepMove.run(key, direction === -1 ? JSON.stringify(items) : null, 0)
    return apply(direction, items)
  }

  const cancel = (key: string): MoveOutcome => {
    const earlier = findMove.get(key)
    if (earlier === undefined) keepMove.run(key, null, 1)
    if (earlier === undefined || earlier['cancelled'] === 1) return 'done'
    markCancelled.run(key)
    return apply(1, JSON.parse((earlier['withdrawn'] as string | null) ?? '[]') as OrderItem[])
  }

  return {
    withdraw: (key, items) => transaction(database, () => move(key, -1, items), isDone),
    deposit: (key, items) => transaction(database, () => move(key, 1, items), isDone),
    cancel: (key) => void transaction(database, () => cancel(key), isDone),
    quantity,
    close: () => database.close(),
  }
}

function isDone(outcome: MoveOutcome): boolean {
  return outcome === 'done'
}

function fill(database: DatabaseSync, initial: readonly OrderItem[]): void {
  const insert = database.prepare('insert or ignore into stock (category, code, qty) values (?, ?, ?)')
  for (const { category, code, qty } of initial) insert.run(category, code, qty)
}
