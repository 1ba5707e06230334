import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { ConfigError, guard } from '../../core/index.ts'
import type { Call, Decision, Services } from '../../core/index.ts'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import { mutualTlsKind } from './mutual-tls.ts'

const ca = await createTestCa()
after(() => ca.remove())

const { raw: der, validToDate } = await issue('gateway', {
  dnsNames: ['gateway.internal'],
  uris: ['spiffe://prod/gateway'],
})
const nameless = await issue('', { commonName: '' })
const twoUris = await issue('two', { uris: ['spiffe://prod/a', 'spiffe://prod/b'] })

async function issue(name: string, options: Parameters<typeof ca.issue>[1]): Promise<X509Certificate> {
  const { certFile } = await ca.issue(name === '' ? 'nameless' : name, options)
  return new X509Certificate(readFileSync(certFile))
}

async function decide(
  config: unknown,
  certificate: Uint8Array | undefined,
  nowMs = Date.UTC(2000),
): Promise<Decision> {
  const provider = mutualTlsKind.create(
    mutualTlsKind.shape.check(config, 'mtls'),
    { now: () => nowMs } as Services,
    'mtls',
  )
  const call: Call = {
    method: 'GET',
    target: '/',
    signal: AbortSignal.abort(),
    peer: { encrypted: true, ...(certificate !== undefined && { certificate }) },
    metadata: () => [],
  }
  return guard({ alternatives: [{ provider, entry: 'auth[0]' }], optional: false }, call)
}

const identified: readonly (readonly [
  string,
  Record<string, readonly string[]>,
  string,
  readonly string[],
])[] = [
  ['SPIFFE id', { 'spiffe://prod/gateway': ['orders'] }, 'spiffe://prod/gateway', ['orders']],
  ['DNS name', { 'dns:gateway.internal': ['a', 'b'] }, 'dns:gateway.internal', ['a', 'b']],
  ['DNS name, configured in capitals', { 'dns:Gateway.INTERNAL': [] }, 'dns:gateway.internal', []],
  ['common name', { 'cn:gateway': [] }, 'cn:gateway', []],
  [
    'first identity that fits',
    { 'dns:other': ['x'], 'cn:gateway': ['y'], 'dns:gateway.internal': ['z'] },
    'cn:gateway',
    ['y'],
  ],
]
for (const [name, identities, id, scopes] of identified) {
  test(`recognises a caller by ${name}`, async () => {
    const decision = await decide({ identities }, der)
    assert.ok(decision.ok && decision.principal !== undefined)
    const { principal } = decision
    assert.deepEqual([principal.id, principal.username, [...principal.scopes]], [id, id, scopes])
    assert.deepEqual(
      [principal.scheme, principal.expiresAtSeconds],
      ['mutual-tls', validToDate.getTime() / 1000],
    )
  })
}

test('anyFromCa lets in whom the authority vouches for, under their strongest name', async () => {
  const decision = await decide({ anyFromCa: ['mesh'] }, der)
  assert.ok(decision.ok && decision.principal !== undefined)
  assert.deepEqual(
    [decision.principal.id, [...decision.principal.scopes]],
    ['spiffe://prod/gateway', ['mesh']],
  )
})

const strangers: readonly (readonly [string, Uint8Array | undefined, object, string])[] = [
  ['no certificate', undefined, { anyFromCa: [] }, 'missing'],
  ['a certificate of another name', der, { identities: { 'spiffe://prod/gateway2': [] } }, 'invalid'],
  [
    'a name that the configured one starts with',
    der,
    { identities: { 'spiffe://prod/gateway/x': [] } },
    'invalid',
  ],
  ['a name that only starts as configured', der, { identities: { 'spiffe://prod/gate': [] } }, 'invalid'],
  ['the same name of another kind', der, { identities: { 'dns:gateway': [] } }, 'invalid'],
  ['a certificate with two SPIFFE ids', twoUris.raw, { identities: { 'spiffe://prod/a': [] } }, 'invalid'],
  ['a certificate without a name', nameless.raw, { anyFromCa: [] }, 'invalid'],
  ['bytes that are no certificate', Buffer.from('nonsense'), { anyFromCa: [] }, 'malformed'],
]
for (const [name, certificate, config, code] of strangers) {
  test(`refuses ${name}, without a challenge`, async () => {
    const decision = await decide(config, certificate)
    assert.ok(!decision.ok)
    assert.deepEqual([decision.denial.code, decision.challenges], [code, []])
  })
}

test('bytes are parsed once, and expire all the same', async () => {
  let nowMs = 0
  const config = mutualTlsKind.shape.check({ anyFromCa: [] }, 'mtls')
  const provider = mutualTlsKind.create(config, { now: () => nowMs } as Services, 'mtls')
  const first = await provider.verify(der, {} as Call)
  assert.equal(await provider.verify(der, {} as Call), first)
  nowMs = validToDate.getTime()
  const last = await provider.verify(der, {} as Call)
  assert.equal(!last.ok && last.denial.code, 'expired')
})

test('refuses a certificate from its notAfter on, however long the connection has been open', async () => {
  const endMs = validToDate.getTime()
  assert.equal((await decide({ anyFromCa: [] }, der, endMs - 1)).ok, true)
  const decision = await decide({ anyFromCa: [] }, der, endMs)
  assert.equal(!decision.ok && decision.denial.code, 'expired')
})

const goodIdentities = [
  'spiffe://prod/gateway',
  'spiffe://prod.example_1/ns/a-b/sa/C.d',
  'dns:localhost',
  'dns:a-b.internal',
  'cn:Jane Doe, Ltd.',
  'email:jane@example.org',
]
for (const identity of goodIdentities) {
  test(`knows the identity ${identity}`, () => {
    assert.doesNotThrow(() => mutualTlsKind.shape.check({ identities: { [identity]: [] } }, 'mtls'))
  })
}

const form = 'expected spiffe://domain/path, dns:name, cn:name or email:address'
const badIdentities = [
  '',
  'gateway',
  'spiffe://prod',
  'spiffe://prod/',
  'spiffe://Prod/gateway',
  'spiffe://prod//gateway',
  'spiffe://prod/gateway/',
  'spiffe://prod/../gateway',
  'spiffe://prod/./gateway',
  'spiffe://prod/a%2fb',
  'spiffe://user@prod/a',
  'spiffe://prod:443/a',
  'spiffe://prod/a?b',
  'SPIFFE://prod/a',
  'dns:',
  'dns:*.internal',
  'dns:a..b',
  'dns:-a',
  'cn:',
  'cn:a\nb',
  'email:jane',
  'ip:127.0.0.1',
]
for (const identity of badIdentities) {
  test(`refuses the identity ${JSON.stringify(identity)} at start`, () => {
    assert.throws(
      () => mutualTlsKind.shape.check({ identities: { [identity]: [] } }, 'mtls'),
      (error) => error instanceof ConfigError && error.message === `mtls.identities["${identity}"]: ${form}`,
    )
  })
}

const badConfigs: readonly (readonly [string, unknown, string])[] = [
  ['neither', {}, 'mtls: expected identities or anyFromCa, found neither'],
  [
    'both',
    { identities: { 'cn:a': [] }, anyFromCa: [] },
    'mtls: expected identities or anyFromCa, found both',
  ],
  [
    'no identity',
    { identities: {} },
    'mtls.identities: expected a table from identities to scopes, with at least one',
  ],
  [
    'scopes that are a text',
    { identities: { 'cn:a': 'x' } },
    'mtls.identities["cn:a"]: expected a list, found a string',
  ],
  ['an empty scope', { anyFromCa: [''] }, "mtls.anyFromCa[0]: expected non-empty text, found ''"],
  [
    'a misspelt field',
    { anyFromCa: [], identitys: {} },
    'mtls.identitys: unknown field; known here: anyFromCa',
  ],
]
for (const [name, config, message] of badConfigs) {
  test(`refuses a configuration with ${name} at start`, () => {
    assert.throws(
      () => mutualTlsKind.shape.check(config, 'mtls'),
      (error) => error instanceof ConfigError && error.message === message,
    )
  })
}
