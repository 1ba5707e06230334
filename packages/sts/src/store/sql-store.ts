import { chain } from 'barre/core'
import type { Database, Parameter, Row, Sql } from './sql.ts'
import type { Family, FamilyContent, Rotation, Store, StoredClient, Successor } from './store.ts'

/** How many rows one transaction deletes. */
export const pruneBatch = 1000

/** The store on a data base whose tables are there. */
export function sqlStore(database: Database): Store {
  const run = (statement: string, ...parameters: readonly Parameter[]): Promise<readonly Row[]> =>
    database.write((sql) => sql(statement, ...parameters))
  return {
    ...clientMethods(database, run),
    ...ticketMethods(database, run),
    ...tokenMethods(database, run),
    async remember(id, nowMs, expiresAtMs) {
      const rows = await run(
        `INSERT INTO seen (id, expires_at) VALUES ($1, $3) ON CONFLICT (id) DO UPDATE SET expires_at = $3
        WHERE seen.expires_at <= $2 RETURNING id`,
        id,
        nowMs,
        expiresAtMs,
      )
      return rows.length > 0
    },
    prune: (nowMs) => prune(run, nowMs),
    async ready() {
      try {
        await database.read('SELECT 1')
        return true
      } catch {
        return false
      }
    },
    backup: async (file) => database.backup(file),
    close: () => database.close(),
  }
}

type Run = (statement: string, ...parameters: readonly Parameter[]) => Promise<readonly Row[]>

function clientMethods(
  database: Database,
  run: Run,
): Pick<Store, 'findClient' | 'listClients' | 'addClient' | 'replaceClient'> {
  return {
    findClient: (clientId) =>
      chain(database.read('SELECT id, record FROM clients WHERE id = $1', clientId), ([row]) =>
        row === undefined ? undefined : toClient(row),
      ),
    listClients: async () =>
      (await database.read('SELECT id, record FROM clients ORDER BY id')).map(toClient),
    async addClient({ clientId, record }) {
      const insert =
        'INSERT INTO clients (id, record) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id'
      return (await run(insert, clientId, record)).length > 0
    },
    async replaceClient({ clientId, record }, before) {
      const update = 'UPDATE clients SET record = $2 WHERE id = $1 AND record = $3 RETURNING id'
      return (await run(update, clientId, record, before)).length > 0
    },
  }
}

function toClient(row: Row): StoredClient {
  return { clientId: String(row['id']), record: String(row['record']) }
}

function ticketMethods(database: Database, run: Run): Pick<Store, 'addTicket' | 'readTicket' | 'useTicket'> {
  return {
    async addTicket({ kind, hash, content, expiresAtMs }) {
      const insert = 'INSERT INTO tickets (hash, kind, content, expires_at) VALUES ($1, $2, $3, $4)'
      await run(insert, hash, kind, JSON.stringify(content), expiresAtMs)
    },
    async readTicket(kind, hash, nowMs) {
      const select =
        'SELECT content FROM tickets WHERE hash = $1 AND kind = $2 AND expires_at > $3 AND uses = 0'
      const [row] = await database.read(select, hash, kind, nowMs)
      return row === undefined ? undefined : parse(row['content'])
    },
    async useTicket(kind, hash, nowMs) {
      const [row] = await run(
        `UPDATE tickets SET uses = uses + 1 WHERE hash = $1 AND kind = $2 AND expires_at > $3
        RETURNING content, uses`,
        hash,
        kind,
        nowMs,
      )
      return row === undefined
        ? undefined
        : { content: parse(row['content']), first: Number(row['uses']) === 1 }
    },
  }
}

type TokenMethods = Pick<
  Store,
  'addFamily' | 'findFamily' | 'rotate' | 'addAccessToken' | 'findAccessToken' | 'revoke' | 'isRevoked'
>

const insertRefreshToken =
  'INSERT INTO refresh_tokens (hash, family_id, expires_at, family_expires_at) VALUES ($1, $2, $3, $4)'

function tokenMethods(database: Database, run: Run): TokenMethods {
  return {
    addFamily: ({ id, content, expiresAtMs }, token) =>
      database.write(async (sql) => {
        const insert = 'INSERT INTO families (id, content, expires_at) VALUES ($1, $2, $3)'
        await sql(insert, id, JSON.stringify(content), expiresAtMs)
        await sql(insertRefreshToken, token.hash, id, token.expiresAtMs, expiresAtMs)
      }),
    async findFamily(refreshHash, nowMs) {
      const [row] = await database.read(
        `SELECT f.id, f.content, f.expires_at FROM refresh_tokens r JOIN families f ON f.id = r.family_id
        WHERE r.hash = $1 AND r.expires_at > $2 AND f.expires_at > $2
        AND NOT EXISTS (SELECT 1 FROM revoked WHERE revoked.id = f.id)`,
        refreshHash,
        nowMs,
      )
      return row === undefined ? undefined : toFamily(row)
    },
    rotate: (hash, successor, nowMs, graceMs) =>
      database.write((sql) => rotate(sql, database.lockRows, { hash, successor, nowMs, graceMs })),
    async addAccessToken(hash, content, expiresAtMs) {
      const insert = 'INSERT INTO access_tokens (hash, content, expires_at) VALUES ($1, $2, $3)'
      await run(insert, hash, JSON.stringify(content), expiresAtMs)
    },
    async findAccessToken(hash, nowMs) {
      const select = 'SELECT content FROM access_tokens WHERE hash = $1 AND expires_at > $2'
      const [row] = await database.read(select, hash, nowMs)
      return row === undefined ? undefined : (parse(row['content']) as object)
    },
    async revoke(id, expiresAtMs) {
      await run(insertRevoked, id, expiresAtMs)
    },
    async isRevoked(ids) {
      const places = ids.map((_, index) => `$${index + 1}`).join(', ')
      return (await database.read(`SELECT 1 FROM revoked WHERE id IN (${places})`, ...ids)).length > 0
    },
  }
}

const insertRevoked = 'INSERT INTO revoked (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING'

interface RotationRequest {
  readonly hash: string
  readonly successor: Successor
  readonly nowMs: number
  readonly graceMs: number
}

async function rotate(
  sql: Sql,
  lockRows: Database['lockRows'],
  { hash, successor, nowMs, graceMs }: RotationRequest,
): Promise<Rotation> {
  const [row] = await sql(
    `SELECT family_id, expires_at, family_expires_at, rotated_at, sealed_successor FROM refresh_tokens
    WHERE hash = $1${lockRows}`,
    hash,
  )
  if (row === undefined) return { outcome: 'invalid' }
  const familyId = String(row['family_id'])
  const familyExpiresAtMs = Number(row['family_expires_at'])
  const isExpired = Number(row['expires_at']) <= nowMs || familyExpiresAtMs <= nowMs
  const [revoked] = await sql('SELECT 1 FROM revoked WHERE id = $1', familyId)
  if (isExpired || revoked !== undefined) return { outcome: 'invalid' }
  if (row['rotated_at'] !== null) {
    const sealed = row['sealed_successor']
    if (nowMs - Number(row['rotated_at']) < graceMs) {
      return typeof sealed === 'string' ? { outcome: 'repeated', sealed } : { outcome: 'late' }
    }
    await sql(insertRevoked, familyId, familyExpiresAtMs)
    return { outcome: 'reused' }
  }
  await sql(
    'UPDATE refresh_tokens SET rotated_at = $2, successor_hash = $3, sealed_successor = $4 WHERE hash = $1',
    hash,
    nowMs,
    successor.hash,
    successor.sealed,
  )
  // This token was used, so the answer that brought it has arrived: nobody needs to get it again.
  await sql('UPDATE refresh_tokens SET sealed_successor = NULL WHERE successor_hash = $1', hash)
  const expiresAtMs = Math.min(successor.expiresAtMs, familyExpiresAtMs)
  await sql(insertRefreshToken, successor.hash, familyId, expiresAtMs, familyExpiresAtMs)
  return { outcome: 'rotated' }
}

function toFamily(row: Row): Family {
  return {
    id: String(row['id']),
    content: parse(row['content']) as FamilyContent,
    expiresAtMs: Number(row['expires_at']),
  }
}

/** What is stored was checked before. */
function parse(json: unknown): unknown {
  return JSON.parse(String(json))
}

/** Each table with its key and the time after which nobody asks for a row any more. */
const perishable: readonly (readonly [table: string, key: string, time: string])[] = [
  ['tickets', 'hash', 'expires_at'],
  // To the end of the family: a token that comes back must be known as used.
  ['refresh_tokens', 'hash', 'family_expires_at'],
  ['families', 'id', 'expires_at'],
  ['access_tokens', 'hash', 'expires_at'],
  ['revoked', 'id', 'expires_at'],
  ['seen', 'id', 'expires_at'],
]

async function prune(run: Run, nowMs: number): Promise<number> {
  let total = 0
  for (const [table, key, time] of perishable) {
    // In small transactions, so that requests need not wait for a large one.
    for (let count: number = pruneBatch; count === pruneBatch; total += count) {
      const rows = `SELECT ${key} FROM ${table} WHERE ${time} <= $1 LIMIT ${pruneBatch}`
      count = (await run(`DELETE FROM ${table} WHERE ${key} IN (${rows}) RETURNING 1`, nowMs)).length
    }
  }
  return total
}
