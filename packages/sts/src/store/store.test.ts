import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { postgresql, serverTest } from '../../../../tools/servers/index.ts'
import { temporaryDirectory } from '../../test/fixture.ts'
import { currentVersion } from './migrations.ts'
import { pruneBatch } from './sql-store.ts'
import { batchMax, openSqlite } from './sqlite.ts'
import { memoryStore, migrateStore, openStore } from './index.ts'
import type { TestContext } from 'node:test'
import type { StoreConfig } from '../config.ts'
import type { FamilyContent, Rotation, Store } from './index.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const nowMs = 1_800_000_000_000
const graceMs = 10_000
const content: FamilyContent = { subject: 'alice', clientId: 'web', audience: ['orders'], scopes: ['read'] }

function family(id: string, expiresAtMs = nowMs + 1_000_000) {
  return { id, content, expiresAtMs }
}

function token(hash: string, expiresAtMs = nowMs + 500_000) {
  return { hash, expiresAtMs, sealed: `sealed ${hash}` }
}

/** Rotates `from` to `to`, so many milliseconds later. */
function rotate(store: Store, from: string, to: string, laterMs = 0): Promise<Rotation> {
  return store.rotate(from, token(to), nowMs + laterMs, graceMs)
}

/** What every store does, whatever it is made of. Names are unique, so that all can share one data base. */
const claims: readonly (readonly [claim: string, prove: (store: Store) => Promise<void>])[] = [
  [
    'a client is found as it was added, and its name is taken once',
    async (store) => {
      const client = { clientId: 'web', record: '{"a":1}' }
      assert.equal(await store.findClient('web'), undefined)
      assert.equal(await store.addClient(client), true)
      assert.equal(await store.addClient({ ...client, record: '{}' }), false)
      assert.deepEqual(await store.findClient('web'), client)
      assert.deepEqual(await store.listClients(), [client])
    },
  ],
  [
    'a client is replaced only where nobody else did it meanwhile',
    async (store) => {
      await store.addClient({ clientId: 'app', record: 'one' })
      assert.equal(await store.replaceClient({ clientId: 'app', record: 'two' }, 'one'), true)
      assert.equal(await store.replaceClient({ clientId: 'app', record: 'three' }, 'one'), false)
      assert.equal((await store.findClient('app'))?.record, 'two')
    },
  ],
  [
    'names are data, never part of a statement',
    async (store) => {
      const clientId = `'; DROP TABLE clients; --$1"\\`
      await store.addClient({ clientId, record: clientId })
      assert.deepEqual(await store.findClient(clientId), { clientId, record: clientId })
    },
  ],
  [
    'a ticket is used once, and who comes second learns it',
    async (store) => {
      await store.addTicket({ kind: 'code', hash: 't1', content: { a: [1] }, expiresAtMs: nowMs + 1 })
      assert.deepEqual(await store.readTicket('code', 't1', nowMs), { a: [1] })
      assert.equal(await store.useTicket('pushed', 't1', nowMs), undefined, 'of another kind')
      assert.equal(await store.useTicket('code', 't1', nowMs + 1), undefined, 'at its end')
      assert.deepEqual(await store.useTicket('code', 't1', nowMs), { content: { a: [1] }, first: true })
      assert.equal((await store.useTicket('code', 't1', nowMs))?.first, false)
      assert.equal(await store.readTicket('code', 't1', nowMs), undefined)
    },
  ],
  [
    'of many who use a ticket at once, one is first',
    async (store) => {
      await store.addTicket({ kind: 'code', hash: 't2', content: {}, expiresAtMs: nowMs + 1 })
      const uses = await Promise.all(Array.from({ length: 20 }, () => store.useTicket('code', 't2', nowMs)))
      assert.equal(uses.filter((use) => use?.first).length, 1)
    },
  ],
  [
    'a refresh token leads to its family until either ends',
    async (store) => {
      await store.addFamily(family('f1', nowMs + 1000), token('r1', nowMs + 500))
      assert.deepEqual(await store.findFamily('r1', nowMs), family('f1', nowMs + 1000))
      assert.equal(await store.findFamily('r1', nowMs + 500), undefined, 'at the end of the token')
      assert.equal(await store.findFamily('other', nowMs), undefined)
    },
  ],
  [
    'a rotation makes the successor the token to use; it ends with its family at the latest',
    async (store) => {
      await store.addFamily(family('f2', nowMs + 1000), token('a1', nowMs + 500))
      assert.deepEqual(await rotate(store, 'a1', 'a2'), { outcome: 'rotated' })
      assert.equal((await store.findFamily('a2', nowMs + 999))?.id, 'f2')
      assert.deepEqual(await rotate(store, 'a2', 'a3', 1000), { outcome: 'invalid' })
    },
  ],
  [
    'within the grace window the same successor comes again',
    async (store) => {
      await store.addFamily(family('f3'), token('b1'))
      await rotate(store, 'b1', 'b2')
      const again = { outcome: 'repeated', sealed: 'sealed b2' }
      assert.deepEqual(await rotate(store, 'b1', 'b9', graceMs - 1), again)
      assert.equal(await store.findFamily('b9', nowMs), undefined, 'no second successor')
    },
  ],
  [
    'but not once the successor was used; that alone revokes nothing',
    async (store) => {
      await store.addFamily(family('f4'), token('c1'))
      await rotate(store, 'c1', 'c2')
      await rotate(store, 'c2', 'c3')
      assert.deepEqual(await rotate(store, 'c1', 'c9', 1), { outcome: 'late' })
      assert.deepEqual(await rotate(store, 'c3', 'c4', 2), { outcome: 'rotated' })
    },
  ],
  [
    'a token that is used again after the grace window revokes its family',
    async (store) => {
      await store.addFamily(family('f5'), token('d1'))
      await rotate(store, 'd1', 'd2')
      assert.deepEqual(await rotate(store, 'd1', 'd9', graceMs), { outcome: 'reused' })
      assert.deepEqual(await rotate(store, 'd2', 'd3', graceMs), { outcome: 'invalid' })
      assert.equal(await store.findFamily('d2', nowMs), undefined)
      assert.equal(await store.isRevoked(['f5']), true)
    },
  ],
  [
    'of many rotations of one token at once one happens, and all get its successor',
    async (store) => {
      await store.addFamily(family('f6'), token('e0'))
      const names = Array.from({ length: 20 }, (_, index) => `e${index + 1}`)
      const rotations = await Promise.all(names.map((name) => rotate(store, 'e0', name)))
      const first = names[rotations.findIndex(({ outcome }) => outcome === 'rotated')]
      const others = rotations.filter(({ outcome }) => outcome !== 'rotated')
      assert.equal(others.length, 19)
      for (const other of others) assert.deepEqual(other, { outcome: 'repeated', sealed: `sealed ${first}` })
    },
  ],
  [
    'an access token is found until it ends',
    async (store) => {
      await store.addAccessToken('o1', { sub: 'alice' }, nowMs + 1)
      assert.deepEqual(await store.findAccessToken('o1', nowMs), { sub: 'alice' })
      assert.equal(await store.findAccessToken('o1', nowMs + 1), undefined)
    },
  ],
  [
    'what was revoked stays so, a second time too',
    async (store) => {
      await store.revoke('jti-1', nowMs + 1)
      await store.revoke('jti-1', nowMs + 2)
      assert.equal(await store.isRevoked(['jti-0', 'jti-1']), true)
      assert.equal(await store.isRevoked(['jti-0']), false)
    },
  ],
  [
    'a family that was revoked before it was there is revoked',
    async (store) => {
      await store.revoke('f7', nowMs + 1_000_000)
      await store.addFamily(family('f7'), token('g1'))
      assert.equal(await store.findFamily('g1', nowMs), undefined)
      assert.deepEqual(await rotate(store, 'g1', 'g2'), { outcome: 'invalid' })
    },
  ],
  [
    'an id is new once, and anew when it has ended',
    async (store) => {
      assert.equal(await store.remember('p1', nowMs, nowMs + 10), true)
      assert.equal(await store.remember('p1', nowMs + 9, nowMs + 19), false)
      assert.equal(await store.remember('p1', nowMs + 10, nowMs + 20), true)
      assert.equal(await store.remember('p1', nowMs + 11, nowMs + 21), false)
    },
  ],
  [
    'of many who show one id at once, one is first',
    async (store) => {
      const shown = Array.from({ length: 20 }, () => store.remember('p2', nowMs, nowMs + 10))
      assert.equal((await Promise.all(shown)).filter(Boolean).length, 1)
    },
  ],
  [
    'pruning deletes what has ended, in as many steps as it takes, and nothing else',
    async (store) => {
      await store.prune(Number.MAX_SAFE_INTEGER)
      await store.addFamily(family('f8', nowMs + 100), token('h1', nowMs + 1))
      await store.addFamily(family('f9', nowMs + 1000), token('i1', nowMs + 1))
      const ids = Array.from({ length: pruneBatch + 1 }, (_, index) => `q${index}`)
      await Promise.all(ids.map((id) => store.remember(id, nowMs, nowMs + 1)))
      assert.equal(await store.prune(nowMs + 100), pruneBatch + 1 + 2)
      assert.equal(await store.prune(nowMs + 100), 0)
      assert.deepEqual(await rotate(store, 'h1', 'h2'), { outcome: 'invalid' })
      assert.deepEqual(await rotate(store, 'i1', 'i2'), { outcome: 'rotated' })
    },
  ],
  ['it says that it is ready', async (store) => assert.equal(await store.ready(), true)],
]

async function proveAll(t: TestContext, store: Store): Promise<void> {
  for (const [claim, prove] of claims) await t.test(claim, () => prove(store))
  await store.close()
}

test('in memory', async (t) => {
  await proveAll(t, await memoryStore())
})

test('in a file', async (t) => {
  const file = join(temporaryDirectory(t), 'sts.db')
  await proveAll(t, await openStore({ sqlite: { file } }, log, 'store'))
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

serverTest('in PostgreSQL', postgresql, {}, async (server) => {
  const config = toConfig(server.ports.postgresql)
  const store = await openStore(config, log, 'store')
  for (const [claim, prove] of claims) await test(claim, () => prove(store))

  const other = await openStore(config, log, 'store')
  assert.equal((await other.findClient('web'))?.clientId, 'web', 'another process sees the same')
  await other.close()

  await server.kill()
  assert.equal(await store.ready(), false)
  await assert.rejects(store.addTicket({ kind: 'code', hash: 'x', content: {}, expiresAtMs: nowMs }))
  await server.restart()
  assert.equal(await store.ready(), true)
  assert.equal((await store.findClient('web'))?.clientId, 'web')
  await store.close()
})

function toConfig(port: number): StoreConfig {
  return { postgres: { host: '127.0.0.1', port, database: 'postgres', user: 'postgres' } }
}

test('what a file holds is there when it is opened again, and in its backup', async (t) => {
  const directory = temporaryDirectory(t)
  const config = { sqlite: { file: join(directory, 'sts.db') } }
  const before = await openStore(config, log, 'store')
  await before.addClient({ clientId: 'web', record: '{}' })
  await before.backup(join(directory, 'copy.db'))
  await before.close()
  for (const name of ['sts.db', 'copy.db']) {
    const after = await openStore({ sqlite: { file: join(directory, name) } }, log, 'store')
    assert.equal((await after.findClient('web'))?.record, '{}')
    await after.close()
  }
})

test('one statement that fails takes nothing but its own transaction back', async () => {
  const database = openSqlite(':memory:')
  await database.write((sql) => sql('CREATE TABLE t (id TEXT PRIMARY KEY)'))
  const insert = (id: string): Promise<unknown> =>
    database.write(async (sql) => {
      await sql('INSERT INTO t (id) VALUES ($1)', `${id}, first`)
      await sql('INSERT INTO t (id) VALUES ($1)', id)
    })
  const outcomes = await Promise.allSettled([insert('a'), insert('a'), insert('b')])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.equal((await database.read('SELECT id FROM t')).length, 4)
  await database.close()
})

test('more transactions than fit into one batch are all durable', async () => {
  const database = openSqlite(':memory:')
  await database.write((sql) => sql('CREATE TABLE t (id INTEGER PRIMARY KEY)'))
  const ids = Array.from({ length: batchMax + 1 }, (_, index) => index)
  await Promise.all(ids.map((id) => database.write((sql) => sql('INSERT INTO t (id) VALUES ($1)', id))))
  assert.equal((await database.read('SELECT id FROM t')).length, batchMax + 1)
  await database.close()
})

test('tables of another version are refused, and those of an older one are brought up on demand', async (t) => {
  const config = { sqlite: { file: join(temporaryDirectory(t), 'sts.db') } }
  assert.equal(await migrateStore(config, log, 'store'), 0)
  assert.equal(await migrateStore(config, log, 'store'), currentVersion)
  const database = openSqlite(config.sqlite.file)
  await database.write((sql) => sql('UPDATE schema_version SET version = $1', currentVersion + 1))
  await database.close()
  await assert.rejects(openStore(config, log, 'store'), { name: 'ConfigError', path: 'store' })
})

const refused: readonly (readonly [claim: string, config: StoreConfig, path: string])[] = [
  ['neither kind', {}, 'store'],
  ['both kinds', { sqlite: { file: 'a' }, ...toConfig(1) }, 'store'],
  ['a folder that is not there', { sqlite: { file: '/nowhere/sts.db' } }, 'store.sqlite.file'],
  [
    'a data base over the network in clear text',
    { postgres: { host: 'db.example', database: 'sts', user: 'sts' } },
    'store.postgres.secureSocket',
  ],
]

for (const [claim, config, path] of refused) {
  test(`refuses ${claim}`, async () => {
    await assert.rejects(openStore(config, log, 'store'), { name: 'ConfigError', path })
  })
}

test('a file that is no data base is refused by name', async (t) => {
  const file = join(temporaryDirectory(t), 'sts.db')
  writeFileSync(file, 'this is text and not a data base at all'.repeat(100))
  await assert.rejects(openStore({ sqlite: { file } }, log, 'store'), { path: 'store.sqlite.file' })
})
