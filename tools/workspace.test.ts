import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lineAt, readWorkspace } from './workspace.ts'

test('reads what git tracks or would track, and nothing that it ignores or that is gone', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'barre-workspace-'))
  context.after(() => rmSync(folder, { recursive: true }))
  for (const name of ['tracked.ts', 'new.ts', 'ignored.ts', 'gone.ts'])
    writeFileSync(join(folder, name), name)
  writeFileSync(join(folder, '.gitignore'), 'ignored.ts\n')
  execFileSync('git', ['init', '--quiet'], { cwd: folder })
  execFileSync('git', ['add', 'tracked.ts', 'gone.ts'], { cwd: folder })
  rmSync(join(folder, 'gone.ts'))
  assert.deepEqual(readWorkspace(folder).slice(1), [
    { path: 'new.ts', text: 'new.ts' },
    { path: 'tracked.ts', text: 'tracked.ts' },
  ])
})

for (const [findings, code, says] of [
  ['[]', 0, ''],
  [`[{ path: 'a.ts', line: 3, problem: 'is wrong' }]`, 1, 'a.ts:3: is wrong\n'],
] as const) {
  test(`a check with the findings ${findings} exits with ${code}`, () => {
    const module = join(import.meta.dirname, 'workspace.ts')
    const program = `import { report } from '${module}'\nreport('check', ${findings})`
    const flags = ['--input-type=module', '--eval', program]
    const { status, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
    assert.deepEqual([status, stderr], [code, says])
  })
}

test('counts lines from one', () => {
  assert.deepEqual([lineAt('a\nb\n', 0), lineAt('a\nb\n', 2)], [1, 2])
})
