import { test } from 'node:test'
import assert from 'node:assert/strict'
import { checkLayers } from './index.ts'

const src = 'packages/barre/src'

const refused: [claim: string, path: string, text: string, problem: RegExp][] = [
  ['an upward import', `${src}/core/a.ts`, `import { b } from '../jose/index.ts'`, /only lower layers/],
  ['a sideways import', `${src}/listener/jwt/a.ts`, `import '../../client/index.ts'`, /only lower layers/],
  [
    'a sideways type import',
    `${src}/egress/a.ts`,
    `import type { B } from '../client/index.ts'`,
    /only lower/,
  ],
  ['a sideways re-export', `${src}/client/a.ts`, `export * from '../transports/http/index.ts'`, /only lower/],
  ['a sideways lazy import', `${src}/tls/a.ts`, `const b = await import('../jose/index.ts')`, /only lower/],
  [
    'a transport that imports auth',
    `${src}/transports/http/a.ts`,
    `import '../../auth/index.ts'`,
    /only lower/,
  ],
  ['a deep import', `${src}/auth/a.ts`, `import '../jose/jws.ts'`, /import its index\.ts/],
  ['a deep import by a test', `${src}/auth/a.test.ts`, `import '../jose/jws.ts'`, /import its index\.ts/],
  [
    'a deep wire import',
    `${src}/entries/a.ts`,
    `import '../transports/http/status.ts'`,
    /import its index\.ts/,
  ],
  [
    'a wire inside another',
    `${src}/transports/fastify/a.ts`,
    `import '../http/status.ts'`,
    /import its index/,
  ],
  ['a computed import', `${src}/auth/a.ts`, `const b = await import(name)`, /computed import/],
  ['a library in core', `${src}/core/a.ts`, `import 'undici'`, /imports no library/],
  ['a peer in auth', `${src}/auth/a.ts`, `import 'fastify'`, /optional peer/],
  ['ourselves by name', `${src}/auth/a.ts`, `import 'barre/core'`, /may not import barre/],
  ['the root of barre', `packages/sts/src/a.ts`, `import 'barre'`, /import a topic/],
  ['the inside of barre', `packages/sts/src/a.ts`, `import 'barre/src/core/index.ts'`, /behind the package/],
  ['a path to barre', `packages/sts/src/a.ts`, `import '../../barre/src/core/index.ts'`, /by its name/],
  ['the gateway in the sts', `packages/sts/src/a.ts`, `import '@barre/gateway'`, /may not import/],
  ['barre in taint', `packages/taint/src/a.ts`, `import 'barre/core'`, /may not import/],
  [
    'a parser outside the frontend',
    `packages/taint/src/solve/a.ts`,
    `import 'oxc-parser'`,
    /only .*frontend/,
  ],
  ['a compiler in cli', `packages/cli/src/a.ts`, `import 'typescript/unstable/sync'`, /only .*frontend/],
  ['a builtin without node:', `${src}/core/a.ts`, `import 'crypto'`, /write node:crypto/],
  ['a test helper in code', `${src}/auth/a.ts`, `import './a.test.ts'`, /for tests only/],
  ['a tool in code', `${src}/auth/a.ts`, `import '../../../../tools/shared.ts'`, /outside the packages/],
  ['an unknown folder', `${src}/misc/a.ts`, '', /unknown folder misc/],
  ['an unknown package', `packages/extra/src/a.ts`, '', /unknown package extra/],
  ['a file beside the folders', `${src}/a.ts`, '', /beside the folders/],
  ['printing', `packages/gateway/src/a.ts`, `console.log(1)`, /prints/],
  ['stdout', `${src}/auth/a.ts`, `process.stdout.write('')`, /prints/],
  ['the environment', `${src}/config/a.ts`, `const a = process.env['A']`, /reads the process/],
  ['the environment, taken apart', `${src}/config/a.ts`, `const { env } = process`, /reads the process/],
  [
    'the environment, imported',
    `${src}/config/a.ts`,
    `import { env } from 'node:process'`,
    /reads the process/,
  ],
  [
    'a provider in a wire',
    `${src}/transports/http/a.ts`,
    `const a = auth.fileUserStoreConfig`,
    /names the provider/,
  ],
  ['a provider type in a wire', `${src}/transports/http/a.ts`, `const a = 'mutualTls'`, /names the provider/],
  [
    'a word of one wire in another',
    `${src}/transports/http/a.ts`,
    `const a = 'envelope'`,
    /names the provider/,
  ],
]

const present = [
  { path: `${src}/listener/envelope/envelope.ts`, text: '' },
  { path: `${src}/listener/mutual-tls/mutual-tls.ts`, text: '' },
  { path: 'packages/barre/package.json', text: '{ "peerDependencies": { "fastify": "5" } }' },
]

for (const [claim, path, text, problem] of refused) {
  test(`catches ${claim}`, () => {
    const findings = checkLayers([{ path, text }, ...present])
    assert.equal(findings.length, 1, JSON.stringify(findings))
    assert.match(findings[0]?.problem ?? '', problem)
  })
}

const allowed: [claim: string, path: string, text: string][] = [
  ['a lower layer by its index', `${src}/auth/a.ts`, `import '../jose/index.ts'`],
  ['its own folder', `${src}/jose/a.ts`, `import './jws.ts'`],
  ['a wire by its index', `${src}/entries/a.ts`, `import '../transports/fastify/index.ts'`],
  ['the shared wire by its index', `${src}/transports/fastify/a.ts`, `import '../http/index.ts'`],
  ['a word of its wire that is a provider elsewhere', `${src}/transports/smtp/a.ts`, `const a = 'envelope'`],
  ['a peer in its wire', `${src}/transports/fastify/a.ts`, `import type { A } from 'fastify'`],
  [
    'a test that drives its folder through another',
    `${src}/transports/a.test.ts`,
    `import '../auth/index.ts'`,
  ],
  ['a test that uses a tool', `${src}/jose/a.test.ts`, `import '../../../../tools/shared.ts'`],
  ['a test that uses a test helper', `${src}/jose/a.test.ts`, `import '../../test/clock.ts'`],
  ['a topic of barre', `packages/cli/src/a.ts`, `import 'barre/jwt'`],
  ['printing in cli', `packages/cli/src/a.ts`, `console.log(process.env)`],
  ['a parser in the frontend', `packages/taint/src/frontend/a.ts`, `import 'oxc-parser'`],
  ['a bin that picks what to load', 'packages/cli/bin/barre.js', `await import(compiled)`],
  ['a forbidden word in a comment', `${src}/transports/http/a.ts`, `// console.log, process.env, mutualTls`],
]

for (const [claim, path, text] of allowed) {
  test(`allows ${claim}`, () => {
    assert.deepEqual(checkLayers([{ path, text }, ...present]), [])
  })
}
