import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { analyzeFiles } from '../../src/index.ts'
import { situations } from './situations.ts'

const PRELUDE = `
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { untaint } from 'barre/taint'
let globalVar = ''
let serviceVar = ''
function secureFunction(/** @sensitive */ secureIn: unknown, insecureIn: unknown): void {}
function select(/** @sensitive sql */ sqlQuery: unknown): string { return rowsOf() }
/** @tainted */
function rowsOf(): string { return '' }
/** @tainted */
function taintedReturn(): string { return 'static' }
/** @untainted */
function untaintedReturn(value: string): string { return value }
function maybe(): boolean { return globalVar === serviceVar }
`

/** Statements of its own are what the original calls \`main\`; its arguments are tainted. */
function program(code: string, value: string): string {
  const body = code.replaceAll('$', (at, index: number) => (code[index + 1] === '{' ? at : value))
  return `${PRELUDE}\nexport function main(/** @tainted */ args: string[]): void {\n${body}\n}\n`
}

function namesIn(code: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'situation-'))
  try {
    const file = join(folder, 'main.ts')
    writeFileSync(file, code)
    const { findings } = analyzeFiles({
      cwd: folder,
      files: [file],
      strictGlobals: true,
      reportAt: 'argument',
    })
    return findings.map(({ finding }) => /'([^']+)'/.exec(finding.message)?.[1] ?? finding.message).toSorted()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

for (const { originals, code, refused } of situations) {
  const isFixed = originals.length === 1
  test(`${originals.join(' and ')}: refused as the original refuses it`, () => {
    assert.deepEqual(namesIn(program(code, 'args[0]')), refused.toSorted())
  })
  if (isFixed) continue
  test(`${originals.join(' and ')}: accepted with a constant`, () => {
    assert.deepEqual(namesIn(program(code, "'static'")), [])
  })
}

test('every test of the original has its situation', () => {
  const names = situations.flatMap((one) => one.originals)
  assert.equal(new Set(names).size, names.length)
  assert.equal(names.length, 100)
})
