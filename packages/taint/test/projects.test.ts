import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import type { AnalyzeInput } from '../src/index.ts'
import { analyzeFiles } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'taint-projects-'))
after(() => rmSync(folder, { recursive: true }))

type Files = Readonly<Record<string, string>>

function write(name: string, files: Files): string {
  const cwd = join(folder, name)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, file)), { recursive: true })
    writeFileSync(join(cwd, file), text)
  }
  return cwd
}

/** `file:line kind` of every finding. */
function findings(cwd: string, input: Partial<AnalyzeInput> = {}): string[] {
  const result = analyzeFiles({ cwd, ...input })
  assert.deepEqual(result.problems, [])
  return result.findings.map((one) => `${one.file.slice(cwd.length + 1)}:${one.line} ${one.finding.kind}`)
}

const tsconfig = (extra: object = {}): string =>
  JSON.stringify({
    compilerOptions: {
      module: 'nodenext',
      target: 'esnext',
      strict: true,
      noEmit: true,
      types: [],
      ...extra,
    },
    include: ['src'],
  })

const runner = `export function run(/** @sensitive command */ text: string): void {}\n`
const source = `/** @tainted */\nexport function source(): string { return 'x' }\n`
const use = (specifier: string): string =>
  `import { run } from '${specifier}'\nimport { source } from './source.ts'\nrun(source())\n`

test('a path alias of the tsconfig leads to its file', () => {
  const cwd = write('alias', {
    'tsconfig.json': tsconfig({
      module: 'esnext',
      moduleResolution: 'bundler',
      paths: { '@lib/*': ['./src/lib/*'] },
    }),
    'src/lib/run.ts': runner,
    'src/source.ts': source,
    'src/a.ts': use('@lib/run'),
  })
  assert.deepEqual(findings(cwd), ['src/a.ts:3 command'])
})

test('a package of the workspace leads to its source', () => {
  const cwd = write('workspace', {
    'tsconfig.json': JSON.stringify({ ...JSON.parse(tsconfig()), include: ['src', 'packages'] }),
    'packages/runner/package.json': JSON.stringify({
      name: '@us/runner',
      exports: './index.ts',
      type: 'module',
    }),
    'packages/runner/index.ts': runner,
    'package.json': JSON.stringify({ type: 'module' }),
    'src/source.ts': source,
    'src/a.ts': use('@us/runner'),
  })
  mkdirSync(join(cwd, 'node_modules/@us'), { recursive: true })
  symlinkSync(join(cwd, 'packages/runner'), join(cwd, 'node_modules/@us/runner'))
  assert.deepEqual(findings(cwd), ['src/a.ts:3 command'])
})

const overloads = `
function run(text: string): void
function run(count: number, text: string): void
function run(first: string | number, /** @sensitive command */ second = ''): void {}
import { source } from './source.ts'
run(1, source())
run(source())
`

test('an overloaded function is taken by its implementation', () => {
  const cwd = write('overloads', {
    'tsconfig.json': tsconfig(),
    'src/source.ts': source,
    'src/a.ts': overloads,
  })
  assert.deepEqual(findings(cwd), ['src/a.ts:6 command'])
})

const emitted = (entry: object): string => JSON.stringify({ package: 'runner', entries: { run: entry } })

test('an installed package is taken at its .taint.json', () => {
  const cwd = write('installed', {
    'node_modules/runner/package.json': JSON.stringify({ name: 'runner' }),
    'node_modules/runner/.taint.json': emitted({ params: ['text'], sinks: { 'arg(0)': 'command' } }),
    'source.ts': source,
    'a.ts': use('runner'),
  })
  assert.deepEqual(findings(cwd, { files: ['a.ts', 'source.ts'] }), ['a.ts:3 command'])
})

test('an installed package cannot declare data harmless', () => {
  const text = `import { run } from 'runner'\nimport { source } from './source.ts'\neval(run(source()))\n`
  const cwd = write('liar', {
    'node_modules/runner/package.json': JSON.stringify({ name: 'runner' }),
    'node_modules/runner/.taint.json': emitted({ flows: ['arg(0) => return'], clears: ['*'], inert: true }),
    'source.ts': source,
    'a.ts': text,
  })
  assert.deepEqual(findings(cwd, { files: ['a.ts', 'source.ts'] }), ['a.ts:3 code'])
})

const override = `
class Base {
  run(/** @sensitive command */ text: string): void {}
  /** @tainted */
  read(): string { return 'x' }
}
export class Weaker extends Base {
  override run(text: string): void {}
  override read(): string { return 'x' }
}
export class Same extends Base {
  override run(/** @sensitive command */ text: string): void {}
}
`

test('an override may not weaken an annotation', () => {
  const cwd = write('override', { 'a.ts': override })
  assert.deepEqual(findings(cwd, { files: ['a.ts'] }), ['a.ts:8 override', 'a.ts:9 override'])
})

const reasons = `
import { untaint } from 'barre/taint'
export const plain = (text: string): string => untaint(text)
export const same = (text: string): string => untaint(text) // checked by the caller
// checked by the caller
export const before = (text: string): string => untaint(text)
`

test('strict mode wants a reason for every untaint', () => {
  const cwd = write('strict', { 'a.ts': reasons })
  assert.deepEqual(findings(cwd, { files: ['a.ts'], strict: true }), ['a.ts:3 untaint'])
  assert.deepEqual(findings(cwd, { files: ['a.ts'] }), [])
})

const property = `
class Message {
  /** @tainted */
  text = ''
  /** @tainted */
  declare body: string
  sender = ''
}
export function read(message: Message): void {
  eval(message.body)
  eval(message.sender)
}
const made = new Message()
eval(made.text)
`

test('a property marked tainted is, whoever made the object', () => {
  const cwd = write('property', { 'a.ts': property })
  assert.deepEqual(findings(cwd, { files: ['a.ts'] }), ['a.ts:10 code', 'a.ts:14 code'])
})

const installed = {
  'node_modules/@types/express-serve-static-core/package.json': JSON.stringify({
    name: '@types/express-serve-static-core',
    types: 'index.d.ts',
  }),
  'node_modules/@types/express-serve-static-core/index.d.ts': `
export interface Request { query: Record<string, string>; body: unknown; log: { info(text: string): void } }
export interface Response { redirect(url: string): void; sendFile(path: string): void }
`,
  'node_modules/@types/express/package.json': JSON.stringify({ name: '@types/express', types: 'index.d.ts' }),
  'node_modules/@types/express/index.d.ts': `
import * as core from 'express-serve-static-core'
export interface Request extends core.Request {}
export interface Response extends core.Response {}
`,
  'node_modules/pg/package.json': JSON.stringify({ name: 'pg', types: 'index.d.ts' }),
  'node_modules/pg/index.d.ts': `export declare class Pool { query(text: string): Promise<{ rows: string[] }> }\n`,
}

const wrapped = `
import type { Request, Response } from 'express'
import type { Pool } from 'pg'
export interface SignedIn extends Request { user: string }
export declare function route(handler: (req: SignedIn, res: Response) => void): void
export interface Services { readonly stores: { readonly main: Pool } }
export declare function services(): Services
`

const uses: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
  [
    'parameters that a wrapper gives their types',
    `route((req, res) => res.redirect(req.query['to']!))`,
    ['redirect'],
  ],
  ['parameters that are taken apart', `route(({ query }, res) => res.redirect(query['to']!))`, ['redirect']],
  [
    'a client that is found in what another function returns',
    `route((req) => services().stores.main.query('select ' + req.query['id']))`,
    ['sql'],
  ],
  [
    'a parameter of a type that is bound to one of a library',
    `export function save<P extends Services['stores']['main']>(pool: P) {
  route((req) => pool.query('select ' + req.query['id']))
}`,
    ['sql'],
  ],
  ['members that no model speaks of', `route((req) => { req.log.info(req.user) })`, []],
]

for (const [index, [what, text, expected]] of uses.entries()) {
  test(`the compiler knows the types of ${what}`, () => {
    const cwd = write(`types-${index}`, {
      ...installed,
      'tsconfig.json': tsconfig({ module: 'esnext', moduleResolution: 'bundler' }),
      'src/wrapped.ts': wrapped,
      'src/a.ts': `import { route, services, type Services } from './wrapped.ts'\n${text}\n`,
    })
    const kinds = findings(cwd).map((one) => one.split(' ')[1])
    assert.deepEqual(kinds, expected)
  })
}

const marked = `
import type { Sensitive, Tainted, Untainted } from 'barre/taint'
export interface Message {
  /** @tainted */
  readonly text: string
  body: Tainted<string>
  sender: string
}
export interface Query {
  /** @sensitive sql */
  text: string
  file?: Sensitive<string, 'path'>
  name: Untainted<string>
}
export class Job {
  /** @sensitive command */
  line = ''
  sender = ''
}
export declare function run(query: Query): void
`

const onMarked = `
import { source } from './source.ts'
import { Job, run, type Message, type Query } from './marked.ts'
export function first(message: Message): void { eval(message.text) }
export function second({ message }: { message: Message }): void { eval(message.body) }
export function third(messages: Message[]): void { eval(messages[0]!.sender) }
run({ text: source(), name: 'x' })
run({ text: 'x', file: source(), name: source() })
const query: Query = { text: 'x', name: 'x' }
query.file = source()
query.name = source()
eval(query.name)
const job = new Job()
job.line = source()
job.sender = source()
export const other = { text: source() }
`

test('members of interfaces and classes are what their marks say, wherever they are used', () => {
  const cwd = write('members', {
    'tsconfig.json': tsconfig(),
    'node_modules/barre/package.json': JSON.stringify({
      name: 'barre',
      exports: { './taint': { types: './taint.d.ts' } },
    }),
    'node_modules/barre/taint.d.ts': `
export type Tainted<T> = T
export type Untainted<T> = T
export type Sensitive<T, _Kind> = T
`,
    'src/marked.ts': marked,
    'src/source.ts': source,
    'src/a.ts': onMarked,
  })
  assert.deepEqual(findings(cwd), [
    'src/a.ts:4 code',
    'src/a.ts:5 code',
    'src/a.ts:7 sql',
    'src/a.ts:8 path',
    'src/a.ts:10 path',
    'src/a.ts:14 command',
  ])
})
