import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { isInstalled, serverTest, servers } from './index.ts'
import type { RealServer } from './index.ts'

const calls: string[] = []
const node: RealServer<string> = {
  name: 'node',
  packages: [],
  program: basename(process.execPath),
  start: (config) => {
    calls.push(`start ${config}`)
    return Promise.resolve({
      ports: { http: 1 },
      stop: () => {
        calls.push('stop')
        return Promise.resolve()
      },
    })
  },
}

test('has one row for each server', () => {
  assert.equal(new Set(servers.map(({ name }) => name)).size, servers.length)
})

test('sees whether the program of a server is there', () => {
  assert.equal(isInstalled(node, dirname(process.execPath)), true)
  assert.equal(isInstalled({ ...node, program: 'no-such-program' }), false)
})

serverTest('starts the server for the test', node, 'with this', async ({ ports }) => {
  assert.deepEqual([ports['http'], calls], [1, ['start with this']])
})

test('stops the server after the test', () => {
  assert.deepEqual(calls, ['start with this', 'stop'])
})

for (const [required, code, says] of [
  ['', 0, /skipped 1/],
  ['servers,shared', 1, /fail 1/],
] as const) {
  test(`answers an absent server with exit ${code} when BARRE_REQUIRE is '${required}'`, () => {
    const program = `import { serverTest } from '${join(import.meta.dirname, 'index.ts')}'
      serverTest('a', { name: 'a', packages: [], program: 'no-such-program' }, undefined, async () => {})`
    const env = { PATH: process.env['PATH'], BARRE_REQUIRE: required }
    const flags = ['--test-reporter=spec', '--input-type=module', '--eval', program]
    const run = spawnSync(process.execPath, flags, { encoding: 'utf8', env })
    assert.equal(run.status, code, run.stdout + run.stderr)
    assert.match(run.stdout, says)
  })
}

for (const [verb, code] of [
  ['list', 0],
  ['start', 2],
] as const) {
  test(`the command ${verb} exits with ${code}`, () => {
    assert.equal(spawnSync(process.execPath, [join(import.meta.dirname, 'index.ts'), verb]).status, code)
  })
}
