// The price of one more provider: one folder, one line that exports it, one line that lists it. Paid here on a copy of
// the library, and then seen to work on every listening wire, in the types and in the schema.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)

const provider = `
import { ok, readAuthorization, record, refuse, text, toPrincipal } from '../../core/index.ts'
import type { ProviderKind } from '../../core/index.ts'

export interface DummyConfig {
  readonly word: string
}

export const dummyKind: ProviderKind<'dummyConfig', DummyConfig> = {
  key: 'dummyConfig',
  shape: record<DummyConfig>({ word: text() }),
  create: ({ word }) => ({
    schemes: ['Dummy'],
    read: (call) => readAuthorization(call, 'Dummy'),
    verify: (given: string) =>
      given === word
        ? ok({ principal: toPrincipal({ id: 'dummy', username: 'dummy', scheme: 'Dummy', scopes: ['orders'] }) })
        : refuse('invalid', 'another word was expected'),
    challenges: () => ['Dummy'],
  }),
}
`

const program = `
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import createExpress from 'express'
import createFastify from 'fastify'
import { protect as protectExpress } from 'barre/express'
import { barre } from 'barre/fastify'
import { protect } from 'barre/http'
import type { AuthConfig } from 'barre/auth'
import { authSchema } from './src/auth/schema.ts'

const auth: AuthConfig = [{ dummyConfig: { word: 'sesame' }, scopes: 'orders' }]
// @ts-expect-error the types know the fields of the new kind
const wrong: AuthConfig = [{ dummyConfig: { words: 'sesame' } }]

const fastify = createFastify()
await fastify.register(barre, { auth })
fastify.get('/', async ({ principal }) => principal?.username)
await fastify.ready()
const allow = protectExpress({ auth })
const express = createExpress().get('/', allow(), ({ principal }, response) => void response.send(principal?.username))
const http = protect({ auth, resources: { 'GET /': true } }, (_request, response, { principal }) =>
  response.end(principal?.username),
)
const wires: Record<string, RequestListener> = { http, fastify: fastify.routing, express }

for (const [name, listener] of Object.entries(wires)) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = \`http://127.0.0.1:\${(server.address() as AddressInfo).port}/\`
  for (const word of ['sesame', 'barley']) {
    const response = await fetch(url, { headers: { authorization: \`Dummy \${word}\` } })
    const said = response.status === 200 ? await response.text() : response.headers.get('www-authenticate')
    process.stdout.write(\`\${name} \${word} \${response.status} \${said}\\n\`)
  }
  server.close()
}
const isInSchema = JSON.stringify(authSchema()).includes('dummyConfig')
process.stdout.write(\`schema \${isInSchema}, wrong entries \${wrong.length}\\n\`)
`

const expected = `http sesame 200 dummy
http barley 401 Dummy
fastify sesame 200 dummy
fastify barley 401 Dummy
express sesame 200 dummy
express barley 401 Dummy
schema true, wrong entries 1
`

test('a new provider is one folder, one line that exports it and one line that lists it', async (context) => {
  const copy = copyLibrary()
  context.after(() => rmSync(copy, { recursive: true }))
  const source = join(copy, 'barre/src')
  mkdirSync(join(source, 'listener/dummy'))
  writeFileSync(join(source, 'listener/dummy/dummy.ts'), provider)
  insertLine(join(source, 'listener/index.ts'), /^/, `export * from './dummy/dummy.ts'`)
  insertLine(join(source, 'auth/provider-kinds.ts'), /export \{\n/, '  dummyKind,')
  writeFileSync(join(copy, 'barre/program.ts'), program)

  const cwd = join(copy, 'barre')
  const { stdout } = await run(process.execPath, ['--conditions=@barre/source', 'program.ts'], { cwd })
  assert.equal(stdout, expected)
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', '.'], { cwd })
})

/** A workspace of its own with a copy of the library as it is, and our libraries by a link. */
function copyLibrary(): string {
  const copy = mkdtempSync(join(tmpdir(), 'barre-dummy-'))
  for (const name of ['package.json', 'data', 'src']) {
    cpSync(join(root, 'packages/barre', name), join(copy, 'barre', name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  cpSync(join(root, 'tsconfig.base.json'), join(copy, 'tsconfig.base.json'))
  const compilerOptions = { noEmit: true, customConditions: ['@barre/source'], isolatedDeclarations: false }
  const config = { extends: '../tsconfig.base.json', compilerOptions, files: ['program.ts'] }
  writeFileSync(join(copy, 'barre/tsconfig.json'), JSON.stringify(config))
  return copy
}

/** Adds one line after a place in a file, and nothing else. */
function insertLine(path: string, after: RegExp, line: string): void {
  const text = readFileSync(path, 'utf8')
  assert.match(text, after)
  writeFileSync(
    path,
    text.replace(after, (place) => `${place}${line}\n`),
  )
}
