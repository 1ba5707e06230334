import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { analyzeFiles } from '@barre/taint'

const folder = join(import.meta.dirname, 'flow')
const features = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())

/** `line: kind` of every line that says `// flags: kind`. */
function expected(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const kinds = /\/\/ flags: (.+)$/.exec(line)?.[1]
    return kinds === undefined ? [] : kinds.split(', ').map((kind) => `${index + 1}: ${kind}`)
  })
}

for (const { name } of features) {
  test(`${name}: flags what it says, and nothing else`, () => {
    const file = join(folder, name, 'case.ts')
    const result = analyzeFiles({ cwd: folder, files: [file] })
    const found = result.findings.map((one) => `${one.line}: ${one.finding.kind}`)
    assert.deepEqual([...new Set(found)], expected(readFileSync(file, 'utf8')))
    assert.deepEqual(result.problems, [])
  })
}
