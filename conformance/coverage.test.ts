import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import schema from 'barre/auth.schema.json' with { type: 'json' }
import * as brokerKits from './brokers/index.ts'
import * as callerKits from './callers/index.ts'
import * as fileKits from './files/index.ts'
import * as mailKits from './mail/index.ts'
import * as providerKits from './providers/index.ts'
import * as socketKits from './sockets/index.ts'
import * as sourceKits from './sources/index.ts'
import * as transportKits from './transports/index.ts'
import { createWorld } from './harness/world.ts'
import type { ProviderKit } from './harness/kit.ts'
import { skipWithout } from '../tools/servers/index.ts'

const source = join(import.meta.dirname, '../packages/barre/src')

/** What the library has, and the kits that bring it into the matrix. */
const families = [
  ['listener', Object.values(providerKits)],
  ['client', Object.values(sourceKits)],
  // What all brokers share is tried on each of them; so is what all of mail share, all servers of files, and gRPC and
  // Connect.
  [
    'transports',
    [
      ...Object.values(transportKits),
      ...Object.values(callerKits),
      ...Object.values(brokerKits),
      ...Object.values(socketKits),
      { folder: 'messages' },
      ...Object.values(mailKits),
      { folder: 'email' },
      { folder: 'rpc' },
      ...Object.values(fileKits),
      { folder: 'files' },
    ],
  ],
] as const

for (const [family, kits] of families) {
  test(`each folder of ${family} has a kit, and each kit a folder`, () => {
    assert.deepEqual(compare(foldersOf(family), kits), { withoutKit: [], withoutFolder: [] })
  })
}

test('a new folder without a kit is named', () => {
  const folders = [...foldersOf('listener'), 'dummy']
  assert.deepEqual(compare(folders, Object.values(providerKits)).withoutKit, ['dummy'])
})

test('each kind of the schema stands in an entry of the matrix', async (context) => {
  const world = await createWorld()
  context.after(() => world.close())
  const kits: readonly ProviderKit[] = Object.values(providerKits)
  if (kits.some(({ needs }) => needs !== undefined && skipWithout(needs, context))) return
  const prepared = await Promise.all(kits.map((kit) => kit.prepare(world)))
  const tried = new Set(prepared.flatMap(({ entry }) => Object.keys(entry)))
  const known = schema.$defs.entry.anyOf.flatMap(({ required }) => required)
  assert.deepEqual(known.toSorted(), [...tried].toSorted())
})

function foldersOf(family: string): readonly string[] {
  return readdirSync(join(source, family), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
}

function compare(folders: readonly string[], kits: readonly { readonly folder?: string }[]) {
  const covered = new Set(kits.flatMap(({ folder }) => folder ?? []))
  return {
    withoutKit: folders.filter((name) => !covered.has(name)),
    withoutFolder: [...covered].filter((name) => !folders.includes(name)),
  }
}
