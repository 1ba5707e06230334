import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { analyzeFiles } from '../src/index.ts'
import { LIMITS } from '../src/summary/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'taint-limits-'))
after(() => rmSync(folder, { recursive: true }))

type Limit = keyof typeof LIMITS

function limitsOf(name: string, text: string): Readonly<Record<string, number>> {
  const file = join(folder, `${name}.js`)
  writeFileSync(file, text)
  return analyzeFiles({ cwd: folder, files: [file] }).stats
}

const many = (count: number, make: (index: number) => string, glue = '\n'): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(glue)

const names = (count: number, name: string): string => many(count, (index) => `${name}${index}`, ', ')

/** For each limit, a program that holds exactly so many of what it bounds. */
const programs: Readonly<Record<Limit, (count: number) => string>> = {
  'labels-per-value': (count) =>
    `function f(${names(count, 'a')}) { return ${many(count, (index) => `a${index}`, ' + ')} }`,
  'targets-per-value': (count) =>
    `let one\n${many(count, (index) => `if (unknown) one = function f${index}() {}`)}\none()`,
  'places-per-value': (count) =>
    `function f(${names(count, 'a')}) { let one\n${many(count, (at) => `if (unknown) one = a${at}`)}\nreturn one }`,
  'contexts-per-value': (count) =>
    `function make() { return {} }\nlet one\n${many(count, () => 'if (unknown) one = make()')}\none.x`,
  'sinks-per-function': (count) => `function f(a) { ${many(count, () => 'eval(a)')} }`,
  'callbacks-per-function': (count) => `function f(a) { ${many(count, () => 'a()')} }`,
  'effects-per-function': (count) => `function f(a, b) { ${many(count, (index) => `a.x${index} = b`)} }`,
  'objects-per-function': (count) => `function f() { return [${many(count - 1, () => '{}', ', ')}] }`,
  // A call of a function that does nothing costs four.
  'applications-per-function': (count) =>
    `function f() {}\nfunction g() { ${many(Math.ceil(count / 4) + 1, () => 'f()', '; ')} }`,
  'call-depth': (count) => `function f() {}\nfunction g() { f${many(count - 1, () => '.bind()', '')}() }`,
  // The module itself is the first on the stack.
  'summary-depth': (count) =>
    `const o = { ${many(count - 1, (index) => `f${index}() { o.f${index + 1}() }`, ', ')} }\no.f0()`,
  // Each round sees one more of the parameters in the result.
  recursion: (count) =>
    `function f(${names(count - 1, 'a')}) { return unknown ? a0 : f(${names(count - 1, 'a').replace('a0, ', '')}) }`,
  'nested-calls': (count) =>
    `function f0(a) { return a() }\n${many(count, (index) => `function f${index + 1}(a) { return f${index}(a) }`)}`,
  // Each function reads what the next writes, so a round brings the first object one function on.
  'module-rounds': (count) => `${many(count, (index) => `let s${index}`)}
    ${many(count - 1, (index) => `function f${index}() { s${count - index - 1} = s${count - index - 2} }`)}
    function first() { s0 = {} }`,
  'late-passes': (count) => `class C {
    ${many(count, (index) => `f${index}() { this.s${count - index} = this.s${count - index - 1} }`)}
    first() { this.s0 = {} } }`,
}

for (const [name, program] of Object.entries(programs)) {
  const limit = LIMITS[name as Limit]
  test(`${name}: ${limit} are followed, one more is counted`, () => {
    assert.equal(limitsOf(`${name}-at`, program(limit))[name], undefined)
    assert.ok((limitsOf(`${name}-past`, program(limit + 1))[name] ?? 0) > 0)
  })
}
