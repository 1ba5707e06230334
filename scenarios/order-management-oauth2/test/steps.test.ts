import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { steps, take } from '../src/steps.ts'
import { startSystem } from '../src/system.ts'
import type { System } from '../src/system.ts'

let system: System
before(async () => {
  system = await startSystem()
})
after(() => system.close())

for (const step of steps) {
  test(`${step.title}: ${step.expected} from the ${step.to}`, async () => {
    assert.deepEqual(await take(step, system), { status: step.expected, shownTo: step.shownTo })
  })
}

test('the program makes every call and ends by itself', async () => {
  const program = join(import.meta.dirname, '../src/start.ts')
  const run = await promisify(execFile)(process.execPath, ['--conditions=@barre/source', program])
  const lines = run.stdout.trim().split('\n')
  assert.deepEqual([lines.length, lines.every((line) => line.startsWith('✓'))], [steps.length, true])
})
