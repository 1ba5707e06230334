import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programsIn, runProgram, topicsOf } from './readme.ts'
import { workspaceRoot } from './workspace.ts'

const readme = readFileSync(join(workspaceRoot, 'README.md'), 'utf8')
const manifest = JSON.parse(readFileSync(join(workspaceRoot, 'packages/barre/package.json'), 'utf8')) as {
  exports: Readonly<Record<string, unknown>>
}
/** Ignored by git, and inside the workspace, so that the program finds its imports as a reader's would. */
const place = join(workspaceRoot, '.cache', 'readme')

for (const program of programsIn(readme)) {
  test(`README.md: the program on line ${program.line} runs and prints what the page says`, async (context) => {
    const absent = topicsOf(program).filter(
      (topic) => !Object.hasOwn(manifest.exports, topic.replace('barre', '.')),
    )
    if (absent.length > 0) {
      context.skip(`not there yet: ${absent.join(', ')}`)
      return
    }
    const printed = await runProgram(program, join(place, `line-${program.line}.ts`), [
      '--conditions=@barre/source',
    ])
    if (program.prints !== undefined) assert.equal(printed, program.prints)
  })
}

test('README.md has a program of at most 20 lines, blank ones aside', () => {
  const [program] = programsIn(readme)
  assert.ok(program !== undefined)
  const lines = program.source.split('\n').filter((line) => line.trim() !== '')
  assert.ok(lines.length <= 20, `${lines.length} lines`)
})

const page = '# A\n\n```ts\nconsole.log(1)\n```\n\n```text\n1\n```\n\n```sh\nls\n```\n\n```ts\nthrow 1\n```\n'

test('finds the programs of a page and what they print', () => {
  assert.deepEqual(programsIn(page), [
    { line: 3, source: 'console.log(1)\n', prints: '1\n' },
    { line: 15, source: 'throw 1\n' },
  ])
})

test('gives what a program prints', async () => {
  assert.equal(
    await runProgram({ line: 1, source: 'console.log(1 as number)\n' }, join(place, 'prints.ts')),
    '1\n',
  )
})

test('catches a program that fails', async () => {
  await assert.rejects(
    runProgram({ line: 1, source: 'throw new Error("no")\n' }, join(place, 'fails.ts')),
    /no/,
  )
})

test('reads which of our topics a program needs', () => {
  const source = `import { barre } from 'barre/fastify'\nimport Fastify from 'fastify'\n`
  assert.deepEqual(topicsOf({ line: 1, source }), ['barre/fastify'])
})
