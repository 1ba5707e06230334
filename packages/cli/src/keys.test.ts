import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { openKeyStore } from 'barre/crypto'
import { sharedTest } from '../../../tools/shared.ts'
import { createCa, issueCertificate } from './keys/index.ts'
import { main } from './main.ts'

const directory = mkdtempSync(join(tmpdir(), 'barre-keys-'))
after(() => rmSync(directory, { recursive: true }))
const at = (name: string): string => join(directory, name)

const ca = await createCa({})
const issued = await issueCertificate({ commonName: 'orders', ca })
writeFileSync(at('both.pem'), issued.key + issued.cert)
writeFileSync(at('key.pem'), issued.key)
writeFileSync(at('cert.pem'), issued.cert)
writeFileSync(at('password'), 'sesame\n')
writeFileSync(at('wrong'), 'simsim\n')
const privateKey = createPrivateKey(issued.key)

async function run(...argv: readonly string[]) {
  let [stdout, stderr] = ['', '']
  const code = await main(['keys', ...argv], {
    stdin: Readable.from([]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { code, stdout, stderr }
}

async function output(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...argv)
  assert.deepEqual([code, stderr], [0, ''])
  return stdout
}

interface Inspected {
  readonly entries: readonly {
    readonly alias?: string
    readonly holds: string
    readonly key: {
      readonly type: string
      readonly bits?: number
      readonly curve?: string
      readonly thumbprint: string
    }
    readonly certificates: readonly { readonly subject: string; readonly notAfter: string }[]
  }[]
}

async function inspect(...argv: readonly string[]): Promise<Inspected['entries']> {
  const text = await output('inspect', ...argv)
  assert.equal(text.includes('PRIVATE'), false)
  return (JSON.parse(text) as Inspected).entries
}

test('inspect describes a key and its certificate', async () => {
  const [entry] = await inspect(at('both.pem'))
  assert.equal(entry?.holds, 'private key')
  assert.partialDeepStrictEqual(entry.key, { type: 'ec', curve: 'prime256v1' })
  assert.equal(entry.key.thumbprint.length, 43)
  assert.equal(entry.certificates[0]?.subject, 'CN=orders')
  const [certificate] = await inspect(at('cert.pem'))
  assert.deepEqual([certificate?.holds, certificate?.key], ['public key', entry.key])
})

test('a private key survives every form', async () => {
  const password = ['--out-password-file', at('password')]
  await output(
    'convert',
    at('both.pem'),
    '--to',
    'pkcs12',
    '--out',
    at('store.p12'),
    '--alias',
    'me',
    ...password,
  )
  await output(
    'convert',
    at('store.p12'),
    '--password-file',
    at('password'),
    '--to',
    'der',
    '--out',
    at('key.der'),
  )
  await output('convert', at('key.der'), '--to', 'pem', '--out', at('locked.pem'), ...password)
  assert.match(readFileSync(at('locked.pem'), 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/)
  const jwk = await output('convert', at('locked.pem'), '--password-file', at('password'), '--to', 'jwk')
  const key = createPrivateKey({ key: JSON.parse(jwk) as Record<string, string>, format: 'jwk' })
  assert.ok(key.equals(privateKey))
  for (const name of ['store.p12', 'key.der', 'locked.pem'])
    assert.equal(statSync(at(name)).mode & 0o777, 0o600)
  const store = openKeyStore(readFileSync(at('store.p12')), { password: 'sesame' })
  assert.deepEqual(store.aliases, ['me'])
  assert.ok(store.privateKey('me').equals(privateKey))
  assert.equal(store.certificates('me')[0]?.subject, 'CN=orders')
})

test('the public key or the certificates alone', async () => {
  const pem = await output('convert', at('both.pem'), '--to', 'pem', '--public')
  assert.ok(createPublicKey(pem).equals(createPublicKey(issued.cert)))
  assert.match(pem, /^-----BEGIN PUBLIC KEY/)
  const certificates = await output('convert', at('both.pem'), '--to', 'pem', '--certificates')
  assert.equal(new X509Certificate(certificates).subject, 'CN=orders')
  assert.equal(certificates.includes('PRIVATE'), false)
})

const failing: readonly (readonly [string, number, readonly string[], RegExp])[] = [
  ['a wrong password', 1, ['inspect', at('store.p12'), '--password-file', at('wrong')], /password/],
  ['a store without its password', 1, ['inspect', at('store.p12')], /its password is needed/],
  ['an absent file', 1, ['inspect', at('absent')], /ENOENT/],
  ['what is no key', 1, ['inspect', at('password')], /no key and no certificate/],
  ['an unknown alias', 1, ['convert', at('key.pem'), '--to', 'pem', '--alias', 'x'], /no entry x/],
  ['an existing file', 1, ['convert', at('key.pem'), '--to', 'pem', '--out', at('cert.pem')], /EEXIST/],
  ['certificates as JWK', 1, ['convert', at('cert.pem'), '--to', 'jwk', '--certificates'], /nothing here/],
  ['another form', 2, ['convert', at('key.pem'), '--to', 'xml'], /--to is one of/],
  ['no form', 2, ['convert', at('key.pem')], /--to is required/],
  ['DER to a terminal', 2, ['convert', at('key.pem'), '--to', 'der'], /--out is required/],
  ['a store without a new password', 2, ['convert', at('key.pem'), '--to', 'pkcs12'], /--out-password-file/],
  ['two parts', 2, ['convert', at('key.pem'), '--to', 'pem', '--public', '--certificates'], /give one of/],
  ['no file', 2, ['inspect'], /FILE is required/],
]
for (const [name, code, argv, line] of failing) {
  test(`answers ${name} with one line and exit code ${code}`, async () => {
    const found = await run(...argv)
    assert.deepEqual([found.code, found.stdout], [code, ''])
    assert.match(found.stderr, line)
    assert.equal(found.stderr.trimEnd().split('\n').length, 1)
  })
}

sharedTest("Ballerina's key store, in words", ['ballerina', 'module-ballerina-crypto'], async (folder) => {
  writeFileSync(at('ballerina'), 'ballerina')
  const store = join(folder, 'ballerina/tests/resources/keyStore.p12')
  const [entry] = await inspect(store, '--password-file', at('ballerina'))
  assert.deepEqual([entry?.alias, entry?.key.type, entry?.key.bits], ['ballerina', 'rsa', 2048])
  assert.equal(entry?.certificates[0]?.notAfter.slice(0, 10), '2037-10-19')
})

test('a JWK and a JWK set are read as every other file', async () => {
  const jwk = JSON.parse(await output('convert', at('both.pem'), '--to', 'jwk')) as object
  const secret = Buffer.alloc(32, 7).toString('base64url')
  const named = { ...jwk, kid: 'one' }
  writeFileSync(at('one.jwk'), JSON.stringify(named))
  writeFileSync(at('set.jwks'), JSON.stringify({ keys: [named, { kty: 'oct', k: secret, kid: 'mac' }] }))
  const [fromPem] = await inspect(at('key.pem'))
  assert.deepEqual(await inspect(at('one.jwk')), [{ ...fromPem, alias: 'one' }])
  const [, shared] = await inspect(at('set.jwks'))
  assert.deepEqual(
    [shared?.alias, shared?.holds, shared?.key],
    ['mac', 'shared secret', { type: 'oct', bits: 256 }],
  )
  assert.ok(createPrivateKey(await output('convert', at('one.jwk'), '--to', 'pem')).equals(privateKey))
  const chosen = await output('convert', at('set.jwks'), '--alias', 'one', '--to', 'pem', '--public')
  assert.ok(createPublicKey(chosen).equals(createPublicKey(privateKey)))
  const copied = JSON.parse(
    await output('convert', at('set.jwks'), '--alias', 'mac', '--to', 'jwk'),
  ) as object
  assert.deepEqual(copied, { kty: 'oct', k: secret })
})

test('JSON that is no key says so, and shows nothing of it', async () => {
  const jwk = privateKey.export({ format: 'jwk' })
  const other = createPrivateKey((await issueCertificate({ commonName: 'other', ca })).key).export({
    format: 'jwk',
  })
  const rows: readonly (readonly [string, object, RegExp])[] = [
    ['halves of two keys', { ...jwk, d: other.d }, /its private part is not that of its public part/],
    ['no kty', { a: 1 }, /expected a JWK or a JWK set/],
    ['a set with nothing of a key', { keys: ['a'] }, /expected a JWK or a JWK set/],
    ['a secret as PEM', { kty: 'oct', k: 'c2VjcmV0' }, /nothing here that pem could hold/],
  ]
  for (const [name, json, message] of rows) {
    writeFileSync(at('bad.jwk'), JSON.stringify(json))
    const { code, stderr, stdout } = await run('convert', at('bad.jwk'), '--to', 'pem')
    assert.deepEqual([code, stdout], [1, ''], name)
    assert.match(stderr, message)
    assert.equal(/c2VjcmV0/.test(stderr), false)
  }
})
