import { Secret } from '../../core/index.ts'
import type { Awaitable } from '../../core/index.ts'

/** One callback's lease on one topic. */
export interface Subscription {
  readonly topic: string
  readonly callback: string
  readonly endsAtMs: number
  /** Signs what is sent. */
  readonly secret?: Secret
}

/** Where a hub keeps its subscriptions; there is at most one per topic and callback. */
export interface SubscriptionStore {
  put(subscription: Subscription): Awaitable<void>
  delete(topic: string, callback: string): Awaitable<void>
  find(topic: string, callback: string): Awaitable<Subscription | undefined>
  /** Those of a topic whose lease has not ended. */
  list(topic: string, nowMs: number): Awaitable<readonly Subscription[]>
  /** How many leases, of all topics, have not ended. */
  count(nowMs: number): Awaitable<number>
  /** Forgets the leases that have ended. */
  purge(nowMs: number): Awaitable<void>
  close(): Awaitable<void>
}

/**
 * Subscriptions in an SQLite file, `:memory:` for none. The secrets of subscribers stand in it as they are, since they
 * sign: give it the protection of a key file.
 */
export function sqliteSubscriptions(path: string): SubscriptionStore {
  // Loaded by who uses it, and not by every program that imports a publisher.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS subscription (
      topic TEXT NOT NULL, callback TEXT NOT NULL, endsAtMs INTEGER NOT NULL, secret TEXT,
      PRIMARY KEY (topic, callback)) STRICT, WITHOUT ROWID`)
  const put = database.prepare('INSERT OR REPLACE INTO subscription VALUES (?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM subscription WHERE topic = ? AND callback = ?')
  const find = database.prepare('SELECT * FROM subscription WHERE topic = ? AND callback = ?')
  const list = database.prepare('SELECT * FROM subscription WHERE topic = ? AND endsAtMs > ?')
  const count = database.prepare('SELECT count(*) AS count FROM subscription WHERE endsAtMs > ?')
  const purge = database.prepare('DELETE FROM subscription WHERE endsAtMs <= ?')
  return {
    put({ topic, callback, endsAtMs, secret }) {
      put.run(topic, callback, endsAtMs, secret?.reveal() ?? null)
    },
    delete: (topic, callback) => void remove.run(topic, callback),
    find(topic, callback) {
      const row = find.get(topic, callback)
      return row && toSubscription(row)
    },
    list: (topic, nowMs) => list.all(topic, nowMs).map(toSubscription),
    count: (nowMs) => Number(count.get(nowMs)?.['count'] ?? 0),
    purge: (nowMs) => void purge.run(nowMs),
    close: () => database.close(),
  }
}

function toSubscription(row: Readonly<Record<string, unknown>>): Subscription {
  const { topic, callback, endsAtMs, secret } = row
  return {
    topic: String(topic),
    callback: String(callback),
    endsAtMs: Number(endsAtMs),
    ...(typeof secret === 'string' && { secret: new Secret(secret) }),
  }
}
