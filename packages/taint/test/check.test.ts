import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { parseArgs } from 'node:util'
import type { CheckResult } from '../src/index.ts'
import { check, checkFlags } from '../src/index.ts'
import { refusals, sarifSchema } from './schema-check.ts'

const folder = mkdtempSync(join(tmpdir(), 'taint-check-'))
after(() => rmSync(folder, { recursive: true }))

/** Writes a project of its own and checks it with these arguments. */
function run(name: string, files: Readonly<Record<string, string>>, ...args: string[]): CheckResult {
  const cwd = join(folder, name)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, file)), { recursive: true })
    writeFileSync(join(cwd, file), text)
  }
  return check(parseArgs({ args, options: checkFlags, allowPositionals: true }), cwd)
}

const students = (query: string): string => `
import { createServer } from 'node:http'
import pg from 'pg'
import { untaint } from 'barre/taint'
const client = new pg.Client()
const isNumeric = (text: string): boolean => Number.isInteger(Number(text))
createServer(async (request, response) => {
  const studentId = 'S_' + new URL(request.url ?? '/', 'http://localhost').searchParams.get('id')
  ${query}
  response.end('done')
})
`

test('the student query is refused as written, with the path of the data', () => {
  const { exitCode, output } = run('refused', {
    'students.ts': students(`await client.query("SELECT name FROM student WHERE id = '" + studentId + "'")`),
  })
  assert.equal(exitCode, 1)
  assert.match(
    output,
    /students\.ts\(9,22\): error BARRE089: tainted value passed to sensitive parameter 'text'/,
  )
  assert.match(output, /source +students\.ts:8:\d+ +request\.url/)
  assert.match(output, /sink +students\.ts:9:22 .*pg Client\.query, parameter 'text' \(sql\)/)
})

test('a wrapper annotated so names its own parameter', () => {
  const wrapper = `function select(/** @sensitive sql */ sqlQuery: string): void { void client.query(sqlQuery) }\n`
  const { output } = run('wrapper', {
    'students.ts': students(`select('SELECT name FROM student WHERE id = ' + studentId)`) + wrapper,
  })
  assert.match(output, /tainted value passed to sensitive parameter 'sqlQuery'/)
})

for (const [name, query] of [
  ['bound parameter', `await client.query('SELECT name FROM student WHERE id = $1', [studentId])`],
  [
    'checked untaint',
    `if (isNumeric(studentId)) await client.query('SELECT name FROM student WHERE id = ' + untaint(studentId))`,
  ],
] as const) {
  test(`the student query is accepted with the ${name}`, () => {
    assert.deepEqual(run(name, { 'students.ts': students(query) }), { exitCode: 0, output: '', errors: '' })
  })
}

const bad = `import { execSync } from 'node:child_process'\nexecSync(process.argv[2] ?? '')\n`

test('a comment with a reason excuses a finding, and one that excuses nothing is named', () => {
  const excused = bad.replace('execSync(p', '// barre-ignore command: run by hand\nexecSync(p')
  assert.equal(run('excused', { 'a.ts': excused }).exitCode, 0)
  const idle = run('idle', { 'a.ts': '// barre-ignore command: nothing here\nexport const a = 1\n' })
  assert.match(idle.errors, /a\.ts\(1,1\): warning BARRE001/)
})

test('a baseline accepts the findings it lists, wherever their lines move', () => {
  run('baseline', { 'a.ts': bad }, '--write-baseline', 'baseline.json')
  const moved = run('baseline', { 'a.ts': `\n\n${bad}` }, '--baseline', 'baseline.json')
  assert.equal(moved.exitCode, 0)
})

test('json names every field that the report promises', () => {
  const { findings } = JSON.parse(run('json', { 'a.ts': bad }, '--format', 'json').output)
  const [finding] = findings
  assert.deepEqual(
    [finding.kind, finding.cwe, finding.file, finding.line, finding.parameter],
    ['command', 'CWE-078', 'a.ts', 2, 'command'],
  )
  assert.equal(typeof finding.id, 'string')
  assert.ok(finding.path.length >= 2)
})

test('sarif has one result with a code flow and a fingerprint', () => {
  const log = JSON.parse(run('sarif', { 'a.ts': bad }, '--format', 'sarif').output)
  const [result] = log.runs[0].results
  assert.equal(refusals(sarifSchema, log), '')
  assert.equal(result.ruleId, 'BARRE078')
  assert.ok(result.codeFlows[0].threadFlows[0].locations.length >= 2)
  assert.equal(typeof result.partialFingerprints['barreTaint/v1'], 'string')
  const moved = JSON.parse(run('sarif', { 'a.ts': `// above\n${bad}` }, '--format', 'sarif').output)
  assert.deepEqual(moved.runs[0].results[0].partialFingerprints, result.partialFingerprints)
})

test('github annotations carry file and line', () => {
  assert.match(run('github', { 'a.ts': bad }, '--format', 'github').output, /^::error file=a\.ts,line=2,/)
})

test('explains a line that is reported, and one that is not', () => {
  assert.match(run('explain', { 'a.ts': bad }, '--explain', 'a.ts:2').output, /source/)
  assert.match(run('explain', { 'a.ts': bad }, '--explain', 'a.ts:1').output, /nothing tainted reaches/)
})

test('plain JavaScript without types or packages falls back on what was imported', () => {
  const text = [
    "const { Pool } = require('pg')",
    "const app = require('express')()",
    'const pool = new Pool()',
    "app.get('/', (req, res) => pool.query('SELECT ' + req.query.id))",
  ].join('\n')
  const { output } = run('javascript', { 'a.js': text })
  assert.match(output, /a\.js\(4,\d+\): error BARRE089/)
})

test('what cannot be read is named, and the rest is still checked', () => {
  const broken = run('broken', { 'a.ts': bad, 'b.ts': 'const = \n', 'c.ts': `import './missing.ts'\n` })
  assert.equal(broken.exitCode, 1)
  assert.match(broken.errors, /b\.ts\(1,1\): warning BARRE000: syntax error/)
  assert.match(broken.errors, /c\.ts\(1,1\): warning BARRE000: cannot find '\.\/missing\.ts'/)
  assert.match(broken.output, /a\.ts\(2,/)
})

test('a package that is neither installed nor modelled is named once', () => {
  const uses = `import { f } from 'nobody-knows-it'\nf()\n`
  const { errors } = run('absent', { 'a.ts': uses, 'b.ts': uses, 'c.ts': `import 'pg'\nimport 'node:fs'\n` })
  assert.equal(errors.match(/cannot find package/g)?.length, 1)
  assert.match(errors, /a\.ts\(1,1\): warning BARRE000: cannot find package 'nobody-knows-it'/)
})

test('a file at the size limit is checked, one past it is named and left out', () => {
  const limit = 4 * 1024 * 1024
  const files = {
    'a.ts': bad,
    'at.ts': `${bad}//${' '.repeat(limit - bad.length - 2)}`,
    'past.ts': `${bad}//${' '.repeat(limit - bad.length - 1)}`,
  }
  const { output, errors } = run('large', files)
  assert.match(output, /at\.ts\(2,/)
  assert.doesNotMatch(output, /past\.ts/)
  assert.match(errors, /past\.ts\(1,1\): warning BARRE000: not checked: larger than 4 MB/)
})

for (const [name, args, message] of [
  [
    'an unknown format',
    ['--format', 'xml'],
    /--format: expected one of text, json, sarif, github, got "xml"/,
  ],
  ['a missing tsconfig', ['-p', 'nowhere.json'], /-p: no such file: nowhere\.json/],
  ['a missing file', ['nowhere.ts'], /no such file: nowhere\.ts/],
  ['a place that is none', ['--explain', 'a.ts'], /--explain: expected FILE:LINE/],
] as const) {
  test(`${name} ends with 2 and says what was expected`, () => {
    const result = run('usage', { 'a.ts': '' }, ...args)
    assert.equal(result.exitCode, 2)
    assert.match(result.errors, message)
  })
}

test('what is emitted serves dependents as a model', () => {
  run(
    'emit',
    {
      'package.json': '{"name":"wrapped"}',
      'a.ts':
        "import { execSync } from 'node:child_process'\n" +
        'export function runIt(text: string): void { execSync(text) }\n',
    },
    '--emit',
  )
  const model = readFileSync(join(folder, 'emit', '.taint.json'), 'utf8')
  const { output } = run('dependent', {
    'barre.taint.json': model,
    'a.ts': `import { runIt } from 'wrapped'\nrunIt(process.argv[2] ?? '')\n`,
  })
  assert.match(output, /parameter 'text'/)
})
