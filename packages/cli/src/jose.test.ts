import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { output, run } from '../test/run-main.ts'
import { keyFileMaxBytes } from './jose-keys.ts'
import type { KeyObject } from 'node:crypto'

const directory = await mkdtemp(join(tmpdir(), 'barre-jose-'))
after(() => rm(directory, { recursive: true }))
const at = (name: string): string => join(directory, name)

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more })
const octet = { kty: 'oct', k: randomBytes(32).toString('base64url'), kid: 'shared' }
const files: Readonly<Record<string, string | object>> = {
  'rsa.pem': rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  'rsa.pub': rsa.publicKey.export({ type: 'spki', format: 'pem' }),
  'ec.jwk': jwk(ec.privateKey, { alg: 'ES256', kid: 'ec' }),
  'ec.agree': jwk(ec.privateKey),
  'ec.set': { keys: [jwk(ec.publicKey, { kid: 'ec' }), jwk(rsa.publicKey, { kid: 'rsa', use: 'enc' })] },
  'two.set': {
    keys: ['one', 'two'].map((kid) =>
      jwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, { kid }),
    ),
  },
  octet,
  password: 'correct horse battery\n',
  empty: '',
}
for (const [name, content] of Object.entries(files)) {
  await writeFile(at(name), typeof content === 'string' ? content : JSON.stringify(content))
}

const message = 'Every wire, one rail.\n'

for (const [how, sign, verify] of [
  ['an RSA key as PEM', ['--key', at('rsa.pem'), '--alg', 'PS256'], ['--key', at('rsa.pub')]],
  [
    'an RSA key as PEM, verified with its private file',
    ['--key', at('rsa.pem'), '--alg', 'RS256'],
    ['--key', at('rsa.pem')],
  ],
  ['a JWK that says its algorithm, verified with a set', ['--key', at('ec.jwk')], ['--key', at('ec.set')]],
  ['a shared secret', ['--key', at('octet'), '--alg', 'HS256'], ['--key', at('octet'), '--alg', 'HS256']],
] as const) {
  test(`signs and verifies with ${how}`, async () => {
    const compact = (await output(['jws', 'sign', ...sign], message)).trim()
    assert.equal(compact.split('.').length, 3)
    assert.equal(await output(['jws', 'verify', compact, ...verify]), message)
    const json = await output(['jws', 'sign', ...sign, '--json', '--header', '{"typ":"text"}'], message)
    assert.equal(await output(['jws', 'verify', '-', ...verify], json), message)
    const changed = await run(['jws', 'verify', `${compact.slice(0, -4)}AAAA`, ...verify])
    assert.equal(changed.code, 1)
    assert.match(changed.stderr, /^barre jws verify: invalid: /)
  })
}

test('several keys make several signatures, of which one or all must hold', async () => {
  const keys = ['--key', at('ec.jwk'), '--key', at('octet'), '--alg', 'ES256', '--alg', 'HS256']
  const token = (await output(['jws', 'sign', ...keys, '--json'], message)).trim()
  const verify = ['jws', 'verify', token, '--key', at('octet')]
  assert.equal(await output(verify), message)
  assert.match((await run([...verify, '--all'])).stderr, /invalid: no key fits/)
})

test('a key of a set is the only one that fits, or named by its kid', async () => {
  const sign = ['jws', 'sign', '--key', at('two.set'), '--alg', 'ES256', '--kid', 'two']
  const token = (await output(sign, message)).trim()
  assert.equal(await output(['jws', 'verify', token, '--key', at('two.set')]), message)
  const encrypt = ['jwe', 'encrypt', '--key', at('ec.set'), '--alg', 'RSA-OAEP']
  const sealed = (await output(encrypt, message)).trim()
  assert.equal(await output(['jwe', 'decrypt', sealed, '--key', at('rsa.pem')]), message)
})

test('a payload can travel apart, and be no text', async () => {
  const payload = randomBytes(40)
  await writeFile(at('binary'), payload)
  const key = ['--key', at('ec.jwk')]
  for (const form of [[], ['--unencoded']]) {
    const token = (await output(['jws', 'sign', ...key, '--in', at('binary'), '--detached', ...form])).trim()
    const verify = ['jws', 'verify', token, ...key, '--payload', at('binary')]
    assert.match((await run(verify)).stderr, /not text: name a file with --out/)
    assert.equal(await output([...verify, '--out', at('out')]), '')
    assert.deepEqual(await readFile(at('out')), payload)
  }
})

for (const [how, encrypt, decrypt] of [
  ['RSA as PEM', ['--key', at('rsa.pub'), '--alg', 'RSA-OAEP-256'], ['--key', at('rsa.pem')]],
  [
    'a JWK of a curve',
    ['--key', at('ec.agree'), '--alg', 'ECDH-ES+A256KW', '--enc', 'A128CBC-HS256'],
    ['--key', at('ec.agree')],
  ],
  [
    'a shared key',
    ['--key', at('octet'), '--alg', 'dir', '--zip'],
    ['--key', at('octet'), '--alg', 'dir', '--zip'],
  ],
  [
    'a password',
    ['--key', at('password'), '--alg', 'PBES2-HS256+A128KW'],
    ['--key', at('password'), '--alg', 'PBES2-HS256+A128KW'],
  ],
] as const) {
  test(`encrypts and decrypts with ${how}`, async () => {
    const compact = (await output(['jwe', 'encrypt', ...encrypt], message)).trim()
    assert.equal(compact.split('.').length, 5)
    assert.equal(await output(['jwe', 'decrypt', compact, ...decrypt]), message)
    const json = await output(['jwe', 'encrypt', ...encrypt, '--json', '--header', '{"cty":"text"}'], message)
    assert.equal(await output(['jwe', 'decrypt', '-', ...decrypt], json), message)
    const changed = await run(['jwe', 'decrypt', `${compact.slice(0, -4)}AAAA`, ...decrypt])
    assert.deepEqual(
      [changed.code, changed.stderr],
      [1, 'barre jwe decrypt: invalid: the JWE cannot be decrypted\n'],
    )
  })
}

test('several keys make several recipients', async () => {
  const keys = ['--key', at('rsa.pub'), '--key', at('octet'), '--alg', 'RSA-OAEP', '--alg', 'A256KW']
  const token = await output(['jwe', 'encrypt', ...keys, '--json'], message)
  for (const key of ['rsa.pem', 'octet']) {
    assert.equal(await output(['jwe', 'decrypt', '-', '--key', at(key)], token), message)
  }
})

async function printed(...argv: string[]): Promise<object> {
  return JSON.parse(await output(['jwk', ...argv])) as object
}

test('prints keys as JWKs, public unless asked, and their thumbprints', async () => {
  const { n, e } = rsa.publicKey.export({ format: 'jwk' })
  assert.deepEqual(await printed('--key', at('rsa.pem')), { kty: 'RSA', n, e })
  assert.ok('d' in (await printed('--key', at('rsa.pem'), '--private')))
  assert.ok(!('d' in (await printed('--key', at('ec.jwk')))))
  assert.equal(Object.keys(await printed('--key', at('ec.set'))).join(), 'keys')
  const thumbprint = (await output(['jwk', '--key', at('ec.jwk'), '--thumbprint', 'sha-256'])).trim()
  assert.match(thumbprint, /^[\w-]{43}$/)
  const made = await printed(
    '--key',
    at('ec.jwk'),
    '--set',
    '--kid',
    'thumbprint',
    '--alg',
    'ES256',
    '--use',
    'sig',
  )
  assert.deepEqual(made, { keys: [{ ...jwk(ec.publicKey), alg: 'ES256', kid: thumbprint, use: 'sig' }] })
})

await writeFile(at('huge'), Buffer.alloc(keyFileMaxBytes + 1, 0x20))

for (const [argv, code, problem] of [
  [['jws', 'sign'], 2, /--key is required/],
  [['jws', 'sign', '--key', at('rsa.pem')], 1, /needs the algorithm/],
  [['jws', 'sign', '--key', at('rsa.pem'), '--alg', 'none'], 1, /expected one of/],
  [['jws', 'sign', '--key', at('ec.jwk'), '--key', at('octet')], 2, /several keys need --json/],
  [['jws', 'sign', '--key', at('ec.jwk'), '--alg', 'ES256', '--alg', 'ES256'], 2, /more often/],
  [['jws', 'sign', '--key', at('ec.jwk'), '--unencoded'], 2, /--json or --detached/],
  [['jws', 'sign', '--key', at('ec.jwk'), '--header', '[]'], 2, /--header is not a JSON object/],
  [['jws', 'sign', '--key', at('ec.jwk'), '--header', '{"crit":["x"]}'], 2, /crit/],
  [
    ['jws', 'sign', '--key', at('ec.jwk'), '--json', '--header', '{"alg":"none"}'],
    2,
    /alg comes from the key/,
  ],
  [['jws', 'sign', '--key', at('two.set'), '--alg', 'ES256'], 1, /name one by its kid/],
  [['jws', 'sign', '--key', at('two.set'), '--alg', 'ES256', '--kid', 'no'], 1, /the set has no keys/],
  [['jws', 'verify', 'a.b.c'], 2, /--key is required/],
  [['jws', 'verify', 'a.b.c', '--key', at('absent')], 1, /ENOENT/],
  [['jws', 'verify', 'a.b.c', '--key', at('huge')], 1, /larger than 1048576/],
  [['jws', 'verify', 'a.b.c', '--key', at('empty')], 1, /expected a PEM public key/],
  [['jws', 'verify', '{"a":1,"a":2}', '--key', at('ec.jwk')], 1, /duplicate/],
  [['jwe', 'encrypt', '--key', at('rsa.pub')], 1, /name the algorithm/],
  [['jwe', 'encrypt', '--key', at('rsa.pub'), '--alg', 'RSA1_5'], 1, /decryption only/],
  [['jwe', 'encrypt', '--key', at('rsa.pub'), '--alg', 'RSA-OAEP', '--enc', 'DES'], 1, /expected one of/],
  [['jwe', 'decrypt', 'a', '--key', at('rsa.pem'), '--alg', 'RSA1_5'], 1, /legacy/],
  [['jwk', '--key', at('octet')], 2, /no public half/],
  [['jwk', '--key', at('password')], 1, /cannot be read/],
  [['jwk', '--key', at('ec.jwk'), '--thumbprint', 'md5'], 2, /--thumbprint is/],
] as const) {
  test(`answers ${argv.join(' ').replaceAll(directory, '')} with exit code ${code}`, async () => {
    const outcome = await run(argv, message)
    assert.match(outcome.stderr, problem)
    assert.deepEqual([outcome.code, outcome.stdout], [code, ''])
  })
}
