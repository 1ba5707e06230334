import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AuthConfig } from 'barre/auth'
import { Cells } from './harness/cells.ts'
import { jwt, mutualTls } from './providers/index.ts'
import { scripted } from './harness/scripted.ts'
import { assertAdmitted, nameOf, startService, toWires } from './harness/service.ts'
import type { Service, Wire } from './harness/service.ts'
import * as transportKits from './transports/index.ts'
import { createWorld } from './harness/world.ts'

const world = await createWorld()
const kits = Object.values(transportKits)
const cells = new Cells('rule of listening', 'wire')
const [tokens, certificates] = await Promise.all([jwt.prepare(world), mutualTls.prepare(world)])
const signatureConfig = { jwksConfig: { url: world.jwksUrl } }

/** What is wrong, and the path that the error names; `any` where each wire has names of its own for a resource. */
const mistakes: readonly (readonly [claim: string, auth: unknown, path: string])[] = [
  ['an empty list', [], 'auth'],
  ['a record in place of the list', tokens.entry, 'auth'],
  ['an entry without a kind', [{ scopes: ['orders'] }], 'auth[0]'],
  ['a kind that nobody knows', [{ samlConfig: {} }], 'auth[0].samlConfig'],
  ['an empty scope', [{ ...tokens.entry, scopes: '' }], 'auth[0].scopes'],
  ['no scope at all in a list', [tokens.entry, { ...tokens.entry, scopes: [] }], 'auth[1].scopes'],
  ['a scope with a space inside', [{ ...tokens.entry, scopes: ['a b'] }], 'auth[0].scopes[0]'],
  [
    'a token without audience',
    [{ jwtValidatorConfig: { signatureConfig } }],
    'auth[0].jwtValidatorConfig.audience',
  ],
  [
    'no way to check a signature',
    [{ jwtValidatorConfig: { audience: 'orders', signatureConfig: {} } }],
    'auth[0].jwtValidatorConfig.signatureConfig',
  ],
  [
    'keys in clear text off loopback',
    [
      {
        jwtValidatorConfig: {
          audience: 'orders',
          signatureConfig: { jwksConfig: { url: 'http://192.0.2.1/' } },
        },
      },
    ],
    'auth[0].jwtValidatorConfig.signatureConfig.jwksConfig.url',
  ],
]

const resourceMistakes: readonly (readonly [claim: string, says: unknown])[] = [
  ['an empty record', {}],
  ['scopes that are undefined', { scopes: undefined }],
  ['an empty list', []],
  ['a slip in a name', { scope: 'orders' }],
  ['true', true],
]

for (const wire of toWires(kits)) {
  for (const [claim, auth, path] of mistakes) {
    refusesToStart(wire, `auth with ${claim}`, { auth, resources: { plain: 'service' } }, path)
  }
  for (const [claim, says] of resourceMistakes) {
    if (says === true && wire.kit.takesTrue === true) continue
    refusesToStart(wire, `a resource with ${claim}`, { auth: [tokens.entry], resources: { plain: says } })
  }
  if (wire.security !== 'clear') continue
  const served = { auth: [{ provider: scripted(0) }], resources: { plain: 'service' } }
  refusesToStart(wire, 'clear text off loopback', served, 'auth', '0.0.0.0')
}

function refusesToStart(
  wire: Wire,
  claim: string,
  served: { readonly auth: unknown; readonly resources: Readonly<Record<string, unknown>> },
  path?: string,
  host = '127.0.0.1',
): void {
  cells.add(claim, wire.name)
  test(`${wire.name} does not start: ${claim}`, async () => {
    const starting = startService(wire, served as { auth: AuthConfig; resources: {} }, { world, host })
    await assert.rejects(starting, { code: 'config', ...(path !== undefined && { path }) })
  })
}

for (const kit of kits) {
  if (!kit.securities.includes('required certificate')) continue
  describe(`${nameOf(kit)} that requires a certificate`, () => {
    let service: Service
    before(async () => {
      const served = { auth: [certificates.entry], resources: { plain: 'service' } } as const
      service = await startService({ kit, security: 'required certificate' }, served, { world })
    })
    after(() => service.close())
    for (const [claim, certificate] of [
      ['nobody', undefined],
      ["a stranger's certificate", world.clients.impostor],
    ] as const) {
      cells.add(claim, nameOf(kit))
      test(`${claim} does not get past the handshake`, async () => {
        const sent = { resource: 'plain', presented: certificate === undefined ? {} : { certificate } }
        await assert.rejects(service.probe(sent), { code: /^ECONNRESET$|^EPIPE$|^ERR_SSL_/ })
      })
    }
    cells.add('a certificate', nameOf(kit))
    test('a certificate that is named is let in', async () => {
      const observed = await service.probe({
        resource: 'plain',
        presented: { certificate: world.clients.alice },
      })
      assertAdmitted(service, observed, { username: 'cn:alice', entry: 'auth[0]' })
    })
  })
}

after(() => world.close())
cells.report()
