import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { analyzeFiles } from '../src/index.ts'
import type { LibraryFile } from '../src/index.ts'
import { fixtureOf } from './model-fixtures.ts'
import { modelSchema, refusals } from './schema-check.ts'

const data = join(import.meta.dirname, '..', 'models', 'libraries')
const folder = mkdtempSync(join(tmpdir(), 'taint-models-'))
after(() => rmSync(folder, { recursive: true }))

const EVERY_THREAT = 'remote command-line environment stdin file database message model response annotation'

for (const name of readdirSync(data)) {
  const text = readFileSync(join(data, name), 'utf8')

  test(`${name} is what the schema describes`, () => {
    assert.equal(refusals(modelSchema(), JSON.parse(text)), '')
  })

  test(`${name}: every row does what it says`, () => {
    const model: LibraryFile = JSON.parse(text)
    const fixture = fixtureOf(model)
    const file = join(folder, name.replace(/json$/, 'ts'))
    writeFileSync(file, fixture.text)
    const { findings } = analyzeFiles({ cwd: folder, files: [file], threats: EVERY_THREAT.split(' ') })
    const found = new Set(findings.map((one) => `${one.line} ${one.finding.kind}`))
    const missing = fixture.expected
      .filter(({ line, kind }) => !found.has(`${line} ${kind}`))
      .map(({ line, kind }) => `${kind}: ${fixture.text.split('\n')[line - 1]}`)
    assert.deepEqual(missing, [])
  })
}

test('a model with a place that is none is refused with the place', () => {
  const models = [{ package: 'x', entries: { f: { sinks: { 'argument 1': 'sql' } } } }]
  assert.throws(() => analyzeFiles({ cwd: folder, files: [], models }), /f: expected arg\(N\)/)
})
