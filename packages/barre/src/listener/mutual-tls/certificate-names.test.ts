import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { X509Certificate } from 'node:crypto'
import { certificateNames } from './certificate-names.ts'

type Legacy = ReturnType<X509Certificate['toLegacyObject']>

function names(
  subjectAltName: string | undefined,
  commonName?: string | readonly string[],
): readonly string[] {
  const subject = commonName === undefined ? {} : { CN: commonName }
  return certificateNames({ subjectAltName, toLegacyObject: () => ({ subject }) as unknown as Legacy })
}

// The texts are in the form of X509Certificate.subjectAltName, which quotes a value that holds anything special.
const cases: readonly (readonly [string, string | undefined, readonly string[]])[] = [
  ['no names', undefined, []],
  ['a SPIFFE id', 'URI:spiffe://prod/gateway', ['spiffe://prod/gateway']],
  ['two URI names, one a SPIFFE id', 'URI:spiffe://prod/a, URI:https://b', []],
  ['two SPIFFE ids', 'URI:spiffe://prod/a, URI:spiffe://prod/b', []],
  ['a URI name that is no SPIFFE id', 'URI:https://prod/a', []],
  ['a host in capitals', 'DNS:Gateway.Internal', ['dns:gateway.internal']],
  [
    'several of several kinds, the strongest first',
    'email:a@b, DNS:x, DNS:y, URI:spiffe://d/p',
    ['spiffe://d/p', 'dns:x', 'dns:y', 'email:a@b'],
  ],
  ['kinds that name nobody', 'IP Address:127.0.0.1, DirName:CN = x, Registered ID:1.2.3', []],
  ['a quoted value that imitates a second name', 'DNS:"a, DNS:b"', ['dns:a, dns:b']],
  ['a quoted value with quotes', 'DNS:"a\\", DNS:b"', ['dns:a", dns:b']],
  ['a text that ends within a quote', 'DNS:a, DNS:"b', []],
  ['empty names', 'URI:, DNS:, email:', []],
  ['a text that is no list', 'nonsense', []],
  ['a value with a bare quote', 'DNS:a"b', []],
]
for (const [name, text, expected] of cases) {
  test(`reads ${name}`, () => assert.deepEqual(names(text), expected))
}

test('a common name comes last, and only when it is the only one', () => {
  assert.deepEqual(names('DNS:x', 'batch'), ['dns:x', 'cn:batch'])
  assert.deepEqual(names(undefined, ['a', 'b']), [])
  assert.deepEqual(names(undefined, ''), [])
  assert.deepEqual(names(undefined, 'a, CN=b'), ['cn:a, CN=b'])
})
