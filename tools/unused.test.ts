// Why: npm lifts every dependency to the root, so an undeclared import works here and breaks for those who
// install us.
// knip is what sees it (tsc does not); this proves that it still does.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { workspaceRoot } from './workspace.ts'

for (const [declared, outcome] of [
  [true, 'is silent on an import that the package declares'],
  [false, 'catches an import that the package does not declare'],
] as const) {
  test(`knip ${outcome}`, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'barre-knip-'))
    context.after(() => rmSync(folder, { recursive: true }))
    writeWorkspace(folder, declared)
    const knip = join(workspaceRoot, 'node_modules/knip/bin/knip.js')
    const run = promisify(execFile)(process.execPath, [knip, '--treat-config-hints-as-errors'], {
      cwd: folder,
    })
    if (declared) await run
    else
      await assert.rejects(run, (error: { stdout: string }) =>
        /Unlisted dependencies[\s\S]*publint/.test(error.stdout),
      )
  })
}

/** A workspace with one package that imports a library lifted to the root. */
function writeWorkspace(folder: string, declared: boolean): void {
  const member = join(folder, 'packages/member')
  mkdirSync(join(member, 'src'), { recursive: true })
  symlinkSync(join(workspaceRoot, 'node_modules'), join(folder, 'node_modules'))
  const manifest = { name: 'member', type: 'module', exports: './src/index.ts' }
  const dependencies = declared ? { publint: '*' } : {}
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'root', workspaces: ['packages/*'] }))
  writeFileSync(join(member, 'package.json'), JSON.stringify({ ...manifest, dependencies }))
  writeFileSync(join(member, 'src/index.ts'), `export { publint } from 'publint'\n`)
}
