import { test } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lintFiles, lintTarball, pack } from './package.ts'
import { createProject, importProblem, install, lacksOnlyPeer, topicsOf } from './project.ts'

/**
 * A package whose topics are one that works, one without types, one that lacks a library and one that is not
 * there.
 */
const sick = {
  name: 'sick',
  version: '1.0.0',
  license: 'Apache-2.0',
  type: 'module',
  exports: {
    './good': { types: './good.d.ts', default: './good.js' },
    './untyped': './untyped.js',
    './lonely': { types: './good.d.ts', default: './lonely.js' },
    './gone': { types: './good.d.ts', default: './gone.js' },
    './package.json': './package.json',
  },
  peerDependencies: { 'no-such-peer': '1' },
  peerDependenciesMeta: { 'no-such-peer': { optional: true } },
}

test('judges a sick package as its user would find it', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'barre-sick-'))
  context.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries({
    'package.json': JSON.stringify(sick),
    'good.js': 'export const good = 1\n',
    'good.d.ts': 'export declare const good: number\n',
    'untyped.js': 'export const untyped = 1\n',
    'lonely.js': `import 'no-such-peer'\nexport const lonely = 1\n`,
  })) {
    writeFileSync(join(folder, name), text)
  }
  const project = mkdtempSync(join(tmpdir(), 'barre-sick-'))
  context.after(() => rmSync(project, { recursive: true }))
  createProject(project)
  const packed = await pack(folder, project)

  const problems = (await lintTarball(packed)).join('\n')
  assert.match(problems, /LICENSE is not in the tarball/)
  assert.match(problems, /publint: .*gone/)
  assert.match(problems, /attw: [\s\S]*untyped/)

  await install(project, [packed.tarball])
  assert.equal(await importProblem(project, 'sick/good'), undefined)
  const gone = await importProblem(project, 'sick/gone')
  assert.match(gone ?? '', /sick\/gone: .*Cannot find module/)
  assert.equal(lacksOnlyPeer(gone ?? '', packed.manifest), false)
  const lonely = await importProblem(project, 'sick/lonely')
  assert.equal(lacksOnlyPeer(lonely ?? '', packed.manifest), true)
})

test('catches tests and build notes in a tarball', () => {
  const files = ['LICENSE', 'dist/a.js', 'dist/a.test.js', 'dist/test/b.js', 'dist/.tsbuildinfo']
  assert.deepEqual(
    lintFiles(files).map((problem) => problem.split(' ', 1)[0]),
    ['dist/a.test.js', 'dist/test/b.js', 'dist/.tsbuildinfo'],
  )
})

test('knows the topics of a package', () => {
  assert.deepEqual(topicsOf(sick), ['sick/good', 'sick/untyped', 'sick/lonely', 'sick/gone'])
})
