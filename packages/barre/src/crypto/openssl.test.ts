import assert from 'node:assert/strict'
import { createPublicKey, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programTest } from '../../test/program.ts'
import {
  aesCbc,
  hash,
  hashPassword,
  hkdf,
  hmac,
  legacyAesEcb,
  legacyHash,
  legacyHmac,
  legacyRsaPkcs1,
  legacySign,
  legacyVerify,
  readPrivateKey,
  readPublicKey,
  rsaOaep,
  sign,
  verify,
  verifyPassword,
} from './index.ts'
import type { KeyObject } from 'node:crypto'
import type { HashAlgorithm, HmacAlgorithm, RsaOaepOptions } from './index.ts'
import type { Result } from '../core/index.ts'
import type { Run } from '../../test/program.ts'

const data = randomBytes(1000)

function assertOpens(opened: Result<Buffer>, expected: Uint8Array): void {
  assert.ok(opened.ok)
  assert.deepEqual(opened.value, expected)
}

programTest('openssl', 'hashes are those of openssl', (run) => {
  const names: readonly (readonly [HashAlgorithm, string])[] = [
    ...(['sha224', 'sha256', 'sha384', 'sha512', 'sha512-256'] as const).map((name) => [name, name] as const),
    ...(['sha3-224', 'sha3-256', 'sha3-384', 'sha3-512'] as const).map((name) => [name, name] as const),
    ['blake2b512', 'blake2b512'],
    ['blake2s256', 'blake2s256'],
  ]
  for (const [ours, theirs] of names)
    assert.deepEqual(run(['dgst', '-binary', `-${theirs}`], data), hash(ours, data), ours)
  for (const name of ['md5', 'sha1'] as const)
    assert.deepEqual(run(['dgst', '-binary', `-${name}`], data), legacyHash(name, data), name)
})

programTest('openssl', 'HMACs and HKDF are those of openssl', (run) => {
  const key = randomBytes(32)
  const mac = (digest: string): Buffer =>
    run(['dgst', '-binary', `-${digest}`, '-mac', 'HMAC', '-macopt', `hexkey:${key.toString('hex')}`], data)
  const names: readonly HmacAlgorithm[] = ['sha256', 'sha384', 'sha512', 'sha3-256', 'sha3-384', 'sha3-512']
  for (const name of names) assert.deepEqual(mac(name), hmac(name, data, { key }), name)
  for (const name of ['md5', 'sha1'] as const) assert.deepEqual(mac(name), legacyHmac(name, data, { key }))
  const [salt, info] = [randomBytes(16), randomBytes(20)]
  const hex = { key, salt, info }
  const options = Object.entries(hex).flatMap(([name, value]) => [
    '-kdfopt',
    `hex${name}:${value.toString('hex')}`,
  ])
  for (const digest of ['sha256', 'sha384', 'sha512'] as const) {
    const theirs = run(['kdf', '-binary', '-keylen', '42', '-kdfopt', `digest:${digest}`, ...options, 'HKDF'])
    assert.deepEqual(theirs, hkdf(key, { length: 42, hash: digest, salt, info }))
  }
})

programTest('openssl', 'AES-CBC and AES-ECB go out to openssl and come back', (run) => {
  for (const keyBytes of [16, 24, 32]) {
    const [key, iv] = [randomBytes(keyBytes), randomBytes(16)]
    const [keyHex, ivHex] = [key.toString('hex'), iv.toString('hex')]
    const cbc = [`-aes-${keyBytes * 8}-cbc`, '-K', keyHex, '-iv', ivHex]
    assert.deepEqual(run(['enc', '-d', ...cbc], aesCbc.encrypt(data, { key, iv })), data)
    assertOpens(aesCbc.decrypt(run(['enc', ...cbc], data), { key, iv }), data)
    const ecb = [`-aes-${keyBytes * 8}-ecb`, '-K', keyHex]
    assert.deepEqual(run(['enc', '-d', ...ecb], legacyAesEcb.encrypt(data, { key })), data)
    assertOpens(legacyAesEcb.decrypt(run(['enc', ...ecb], data), { key }), data)
  }
})

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** A pair that openssl made, read by us, and left in the folder for it. */
function keysOf(run: Run, folder: string, ...options: readonly string[]): Pair {
  run(['genpkey', '-out', 'private.pem', ...options])
  run(['pkey', '-in', 'private.pem', '-pubout', '-out', 'public.pem'])
  const [privateKey, publicKey] = ['private.pem', 'public.pem'].map((name) =>
    readFileSync(join(folder, name)),
  )
  assert.ok(privateKey && publicKey)
  return { privateKey: readPrivateKey(privateKey), publicKey: readPublicKey(publicKey) }
}

const rsa = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
const p256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
const pkeyutl = {
  encrypt: ['pkeyutl', '-encrypt', '-pubin', '-inkey', 'public.pem', '-pkeyopt'],
  decrypt: ['pkeyutl', '-decrypt', '-inkey', 'private.pem', '-pkeyopt'],
} as const

programTest('openssl', 'RSA-OAEP and RSA PKCS#1 go out to openssl and come back', (run, folder) => {
  const { privateKey, publicKey } = keysOf(run, folder, ...rsa)
  const secret = randomBytes(32)
  const hashes: readonly Pick<RsaOaepOptions, 'hash' | 'mgf1Hash'>[] = [
    {},
    { hash: 'sha1' },
    { hash: 'sha512' },
    { hash: 'sha256', mgf1Hash: 'sha1' },
    { hash: 'sha384', mgf1Hash: 'sha256' },
  ]
  for (const row of hashes) {
    const { hash: digest = 'sha256', mgf1Hash = digest } = row
    const padding = ['rsa_padding_mode:oaep', `rsa_oaep_md:${digest}`, `rsa_mgf1_md:${mgf1Hash}`]
    const options = padding.flatMap((option, index) => (index === 0 ? [option] : ['-pkeyopt', option]))
    const ours = rsaOaep.encrypt(secret, { key: publicKey, ...row })
    assert.deepEqual(run([...pkeyutl.decrypt, ...options], ours), secret)
    const theirs = run([...pkeyutl.encrypt, ...options], secret)
    assertOpens(rsaOaep.decrypt(theirs, { key: privateKey, ...row }), secret)
  }
  const pkcs1 = 'rsa_padding_mode:pkcs1'
  const ours = legacyRsaPkcs1.encrypt(secret, { key: publicKey })
  assert.deepEqual(run([...pkeyutl.decrypt, pkcs1], ours), secret)
  assertOpens(legacyRsaPkcs1.decrypt(run([...pkeyutl.encrypt, pkcs1], secret), { key: privateKey }), secret)
})

const curves: Readonly<Record<string, string>> = { sha256: 'P-256', sha384: 'P-384', sha512: 'P-521' }

const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']
const signatures = (['sha256', 'sha384', 'sha512'] as const).flatMap((digest) => {
  const ec = ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curves[digest]}`]
  return [
    [`rsa-${digest}`, rsa, [`-${digest}`]],
    [`rsa-pss-${digest}`, rsa, [`-${digest}`, ...pss]],
    [`ecdsa-${digest}`, ec, [`-${digest}`]],
  ] as const
})
for (const [algorithm, generation, options] of signatures) {
  programTest('openssl', `${algorithm} signatures go out to openssl and come back`, (run, folder) => {
    const { privateKey, publicKey } = keysOf(run, folder, ...generation)
    const theirs = run(['dgst', ...options, '-sign', 'private.pem'], data)
    assert.ok(verify(data, theirs, { algorithm, key: publicKey }))
    assert.ok(!verify(data.subarray(1), theirs, { algorithm, key: publicKey }))
    writeFileSync(join(folder, 'signature'), sign(data, { algorithm, key: privateKey }))
    run(['dgst', ...options, '-verify', 'public.pem', '-signature', 'signature'], data)
    assert.throws(() => run(['dgst', ...options, '-verify', 'public.pem', '-signature', 'signature']))
  })
}

for (const algorithm of ['ed25519', 'ed448'] as const) {
  programTest('openssl', `${algorithm} signatures go out to openssl and come back`, (run, folder) => {
    const { privateKey, publicKey } = keysOf(run, folder, '-algorithm', algorithm)
    writeFileSync(join(folder, 'data'), data)
    writeFileSync(join(folder, 'signature'), sign(data, { algorithm, key: privateKey }))
    const file = ['pkeyutl', '-rawin', '-in', 'data']
    run([...file, '-verify', '-pubin', '-inkey', 'public.pem', '-sigfile', 'signature'])
    const theirs = run([...file, '-sign', '-inkey', 'private.pem'])
    assert.ok(verify(data, theirs, { algorithm, key: publicKey }))
    assert.ok(!verify(data.subarray(1), theirs, { algorithm, key: publicKey }))
  })
}

programTest('openssl', 'broken RSA signatures go out to openssl and come back', (run, folder) => {
  const { privateKey, publicKey } = keysOf(run, folder, ...rsa)
  for (const digest of ['md5', 'sha1'] as const) {
    const algorithm = `rsa-${digest}` as const
    const theirs = run(['dgst', `-${digest}`, '-sign', 'private.pem'], data)
    assert.ok(legacyVerify(data, theirs, { algorithm, key: publicKey }))
    writeFileSync(join(folder, 'signature'), legacySign(data, { algorithm, key: privateKey }))
    run(['dgst', `-${digest}`, '-verify', 'public.pem', '-signature', 'signature'], data)
  }
})

/** The salt and the derived bytes of a PHC text. */
function partsOf(stored: string): readonly [salt: Buffer, derived: Buffer] {
  const [salt = '', derived = ''] = stored.split('$').slice(-2)
  return [Buffer.from(salt, 'base64'), Buffer.from(derived, 'base64')]
}

programTest(
  'openssl',
  'scrypt and PBKDF2 of passwords are those of openssl, in both directions',
  async (run) => {
    const password = 'pässword'
    const rows = [
      [
        { algorithm: 'pbkdf2', cost: { digest: 'sha512', iterations: 1000 } },
        'PBKDF2',
        ['digest:SHA512', 'iter:1000'],
      ],
      [
        { algorithm: 'scrypt', cost: { logWork: 10, blockSize: 8, parallelism: 2 } },
        'SCRYPT',
        ['n:1024', 'r:8', 'p:2'],
      ],
    ] as const
    for (const [options, kdf, costs] of rows) {
      const stored = await hashPassword(password, options)
      assert.ok(stored.ok)
      const [salt, derived] = partsOf(stored.value)
      const theirsOf = (theirSalt: Buffer): Buffer => {
        const inputs = [
          `hexpass:${Buffer.from(password).toString('hex')}`,
          `hexsalt:${theirSalt.toString('hex')}`,
        ]
        const given = [...costs, ...inputs].flatMap((option) => ['-kdfopt', option])
        return run(['kdf', '-binary', '-keylen', String(derived.length), ...given, kdf])
      }
      assert.deepEqual(theirsOf(salt), derived)
      const otherSalt = randomBytes(16)
      const unpadded = [otherSalt, theirsOf(otherSalt)].map((part) =>
        part.toString('base64').replace(/=+$/, ''),
      )
      const theirs = [...stored.value.split('$').slice(0, -2), ...unpadded].join('$')
      const verdict = await verifyPassword(password, theirs)
      assert.ok(verdict.ok && verdict.value.matches)
    }
  },
)

programTest('openssl', 'private keys in every form that openssl writes are read', (run, folder) => {
  const password = 'pw'
  const forms: readonly (readonly [kind: readonly string[], args: readonly string[]])[] = [
    [rsa, ['rsa', '-traditional']],
    [rsa, ['rsa', '-outform', 'DER', '-traditional']],
    [rsa, ['rsa', '-traditional', '-aes128', '-passout', `pass:${password}`]],
    [rsa, ['rsa', '-traditional', '-des3', '-passout', `pass:${password}`]],
    [p256, ['ec']],
    [p256, ['ec', '-outform', 'DER']],
    [p256, ['pkcs8', '-topk8', '-nocrypt']],
    ...[
      ['-v2', 'aes-256-cbc'],
      ['-v2', 'des3'],
      ['-v1', 'PBE-SHA1-3DES'],
      ['-scrypt', '-scrypt_N', '1024'],
    ].map((more) => [p256, ['pkcs8', '-topk8', '-passout', `pass:${password}`, ...more]] as const),
  ]
  for (const [kind, args] of forms) {
    const { publicKey } = keysOf(run, folder, ...kind)
    const written = run([...args, '-in', 'private.pem'])
    assert.ok(createPublicKey(readPrivateKey(written, { password })).equals(publicKey), args.join(' '))
  }
})
