import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import type { FileClient, FileResult } from 'barre/ftp'
import { isInstalled, skipWithout } from '../../tools/servers/index.ts'
import { Arrivals, insist } from '../brokers/arrivals.ts'
import { createBrokerWorld } from '../brokers/world.ts'
import { Cells } from '../harness/cells.ts'
import type { Attempt, FileKit, Flow, Mechanism, RunningFiles } from './kit.ts'

const betweenFilesMs = 20
/** Not a limit on speed: for a file that is lost one waits for ever. */
const untilLost = { timeout: 120_000 }

/** All that holds for every server of files, tried on each. */
export async function fileSuites(kits: readonly FileKit[]): Promise<void> {
  const world = await createBrokerWorld()
  const here = kits.filter(isHere)
  const running = await Promise.all(here.map(async (kit) => ({ kit, files: await kit.start(world) })))
  after(async () => {
    await Promise.all(running.map(({ files }) => files.stop()))
    await world.close()
  })
  const cells = new Cells('server', 'mechanism', 'connection')
  void describe('files', { concurrency: true }, () => {
    for (const { kit, files } of running)
      void describe(kit.folder, { concurrency: 4 }, () => suite(files, cells))
  })
  void describe('files while a server crashes', { concurrency: true }, () => {
    for (const { files } of running) crashes(files)
  })
  cells.report()
}

function isHere({ folder, needs }: FileKit): boolean {
  const missing = needs.find((server) => !isInstalled(server))
  if (missing === undefined) return true
  void test(`${folder}, on the real server`, (context) => void skipWithout(missing, context))
  return false
}

function suite({ mechanisms }: RunningFiles, cells: Cells): void {
  for (const mechanism of mechanisms) {
    for (const attempt of mechanism.attempts) {
      cells.add(mechanism.server, mechanism.name, attempt.name)
      void test(`${mechanism.server}, ${mechanism.name}: ${attempt.name}`, () => tries(mechanism, attempt))
    }
  }
}

function crashes({ flows }: RunningFiles): void {
  for (const [name, open] of Object.entries(flows))
    void test(`${name}: none is lost`, untilLost, ({ signal }) => survives(open(), signal))
}

async function tries({ root }: Mechanism, { connect, refusal }: Attempt): Promise<void> {
  const client = connect()
  try {
    if (refusal === undefined) await everything(client, root)
    else {
      const result = await client.put(`${root}/intruder`, 'x')
      assert.equal(result.ok ? 'let in' : result.error.code, refusal, result.ok ? '' : result.error.message)
    }
  } finally {
    await client.close()
  }
}

let folders = 0

/** Each verb, and what it says where it cannot be done. */
async function everything(client: FileClient, root: string): Promise<void> {
  const folder = `${root}/ünï cödé ${folders++}`
  const file = `${folder}/a b.txt`
  await done(client.mkdir(folder))
  await done(client.put(file, 'hello'))
  await done(client.append(file, Buffer.from(' world')))
  await done(client.put(`${folder}/empty`, ''))
  assert.equal(await done(client.size(file)), 11)
  assert.equal(await text(await done(client.get(file))), 'hello world')
  assert.equal(await text(await done(client.get(`${folder}/empty`))), '')
  assert.deepEqual(
    [await done(client.isDirectory(folder)), await done(client.isDirectory(file))],
    [true, false],
  )
  const listed = await done(client.list(folder))
  const found = listed.map(({ name, path, type, size }) => [name, path, type, size])
  assert.deepEqual(
    found.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    [
      ['a b.txt', file, 'file', 11],
      ['empty', `${folder}/empty`, 'file', 0],
    ],
  )
  assert.ok(listed.every(({ modifiedAtMs = 0 }) => Math.abs(Date.now() - modifiedAtMs) < 3_600_000))
  assert.equal(await code(client.rmdir(folder)), 'refused')
  for (const path of [`${folder}/none`, `${root}/nowhere/none`]) {
    for (const verb of ['get', 'delete', 'size', 'isDirectory'] as const)
      assert.equal(await code(client[verb](path)), 'not_found', `${verb} ${path}`)
  }
  assert.equal(await code(client.put('/etc/intruder', 'x')), 'forbidden')
  assert.equal(await code(client.delete(`${file}\r\nDELE other`)), 'invalid_path')
  await done(client.rename(file, `${folder}/moved`))
  for (const name of ['moved', 'empty']) await done(client.delete(`${folder}/${name}`))
  await done(client.rmdir(folder))
  assert.equal(await code(client.list(folder)), 'not_found')
}

async function done<T>(result: Promise<FileResult<T>>): Promise<T> {
  const settled = await result
  if (!settled.ok) throw settled.error
  return settled.value
}

async function code(result: Promise<FileResult<unknown>>): Promise<string> {
  const settled = await result
  return settled.ok ? 'done' : settled.error.code
}

/** Files are written and handed over while the server crashes; each arrives, whole. */
async function survives({ folder, client, listen, restart }: Flow, signal: AbortSignal): Promise<void> {
  await done(client.mkdir(folder))
  const arrivals = new Arrivals()
  const config = { path: folder, fileNamePattern: '\\d+\\.msg', pollingInterval: 0.05, settleTime: 0 }
  const listener = listen(config, async (event, caller) => {
    if (event.type === 'deleted') return
    const content = await text(await done(caller.get(event.file.path)))
    assert.equal(content, `${event.file.name} is whole`)
    await done(caller.delete(event.file.path))
    arrivals.add(Number.parseInt(event.file.name, 10))
  })
  const write = (id: number): Promise<number> =>
    insist(async () => {
      await done(client.put(`${folder}/${id}.part`, `${id}.msg is whole`))
      await done(client.rename(`${folder}/${id}.part`, `${folder}/${id}.msg`))
    })
  try {
    let next = 0
    while (next < 10) await write(next++)
    const restarted = restart()
    const state = { isUp: false }
    void restarted.then(() => (state.isUp = true))
    while (!state.isUp || next < 30) {
      await write(next++)
      await delay(betweenFilesMs)
    }
    await restarted
    await arrivals.all(next, signal)
  } finally {
    await listener.close()
    await client.close()
  }
}
