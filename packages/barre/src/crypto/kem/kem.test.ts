import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedTest } from '../../../../../tools/shared.ts'
import { openKeyStore, publicKeyOf } from '../keys/index.ts'
import { hpke } from './hpke.ts'
import { mlKem768, rsaKem, rsaKemMlKem768 } from './kem.ts'
import { legacyHpke } from './legacy-hpke.ts'
import type { KeyObject } from 'node:crypto'
import type { HpkeOptions } from './hpke.ts'

interface Vector extends Required<Pick<HpkeOptions, 'kdf' | 'aead'>> {
  readonly curve: 'x25519' | 'P-256' | 'P-521'
  readonly privateKey: string
  readonly publicKey: string
  readonly encapsulated: string
  readonly ciphertext: string
}

// RFC 9180 §A: the first encryption in base mode of every suite there that encrypts.
const vectors: readonly Vector[] = [
  {
    curve: 'x25519',
    kdf: 'hkdf-sha256',
    aead: 'aes-128-gcm',
    privateKey: '4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8',
    publicKey: '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
    encapsulated: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
    ciphertext: 'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  },
  {
    curve: 'x25519',
    kdf: 'hkdf-sha256',
    aead: 'chacha20-poly1305',
    privateKey: '8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb',
    publicKey: '4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a',
    encapsulated: '1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a',
    ciphertext: '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
  },
  {
    curve: 'P-256',
    kdf: 'hkdf-sha256',
    aead: 'aes-128-gcm',
    privateKey: 'f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2',
    publicKey: `
    04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d3
    0ad6aa8f80e30f1d128aafd68a2ce72ea0`,
    encapsulated: `
    04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900
    be863c403ce65c9bfcb9382657222d18c4`,
    ciphertext: '5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434',
  },
  {
    curve: 'P-256',
    kdf: 'hkdf-sha512',
    aead: 'aes-128-gcm',
    privateKey: '3ac8530ad1b01885960fab38cf3cdc4f7aef121eaa239f222623614b4079fb38',
    publicKey: `
    04085aa5b665dc3826f9650ccbcc471be268c8ada866422f739e2d531d4a8818a9466bc6b449357096232919ec4fe907
    0ccbac4aac30f4a1a53efcf7af90610edd`,
    encapsulated: `
    0493ed86735bdfb978cc055c98b45695ad7ce61ce748f4dd63c525a3b8d53a15565c6897888070070c1579db1f86aaa5
    6deb8297e64db7e8924e72866f9a472580`,
    ciphertext: 'd3cf4984931484a080f74c1bb2a6782700dc1fef9abe8442e44a6f09044c88907200b332003543754eb51917ba',
  },
  {
    curve: 'P-256',
    kdf: 'hkdf-sha256',
    aead: 'chacha20-poly1305',
    privateKey: 'a4d1c55836aa30f9b3fbb6ac98d338c877c2867dd3a77396d13f68d3ab150d3b',
    publicKey: `
    04a697bffde9405c992883c5c439d6cc358170b51af72812333b015621dc0f40bad9bb726f68a5c013806a790ec716ab
    8669f84f6b694596c2987cf35baba2a006`,
    encapsulated: `
    04c07836a0206e04e31d8ae99bfd549380b072a1b1b82e563c935c095827824fc1559eac6fb9e3c70cd3193968994e7f
    e9781aa103f5b50e934b5b2f387e381291`,
    ciphertext: '6469c41c5c81d3aa85432531ecf6460ec945bde1eb428cb2fedf7a29f5a685b4ccb0d057f03ea2952a27bb458b',
  },
  {
    curve: 'P-521',
    kdf: 'hkdf-sha512',
    aead: 'aes-256-gcm',
    privateKey: `
    01462680369ae375e4b3791070a7458ed527842f6a98a79ff5e0d4cbde83c27196a3916956655523a6a2556a7af62c5c
    adabe2ef9da3760bb21e005202f7b2462847`,
    publicKey: `
    0401b45498c1714e2dce167d3caf162e45e0642afc7ed435df7902ccae0e84ba0f7d373f646b7738bbbdca11ed91bdea
    e3cdcba3301f2457be452f271fa6837580e661012af49583a62e48d44bed350c7118c0d8dc861c238c72a2bda17f6470
    4f464b57338e7f40b60959480c0e58e6559b190d81663ed816e523b6b6a418f66d2451ec64`,
    encapsulated: `
    040138b385ca16bb0d5fa0c0665fbbd7e69e3ee29f63991d3e9b5fa740aab8900aaeed46ed73a49055758425a0ce3650
    7c54b29cc5b85a5cee6bae0cf1c21f2731ece2013dc3fb7c8d21654bb161b463962ca19e8c654ff24c94dd2898de1205
    1f1ed0692237fb02b2f8d1dc1c73e9b366b529eb436e98a996ee522aef863dd5739d2f29b0`,
    ciphertext: '170f8beddfe949b75ef9c387e201baf4132fa7374593dfafa90768788b7b2b200aafcc6d80ea4c795a7c5b841a',
  },
]

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(/\s/g, ''), 'hex')
const info = Buffer.from('Ode on a Grecian Urn')
const additionalData = Buffer.from('Count-0')
const text = 'Beauty is truth, truth beauty'

function toKey({
  curve,
  privateKey,
  publicKey,
}: Pick<Vector, 'curve' | 'privateKey' | 'publicKey'>): KeyObject {
  const d = hex(privateKey).toString('base64url')
  const point = hex(publicKey)
  const half = (point.length - 1) / 2
  const jwk = curve.startsWith('x')
    ? { kty: 'OKP', crv: curve.toUpperCase(), d, x: point.toString('base64url') }
    : {
        kty: 'EC',
        crv: curve,
        d,
        x: point.subarray(1, 1 + half).toString('base64url'),
        y: point.subarray(1 + half).toString('base64url'),
      }
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

for (const vector of vectors) {
  const { curve, kdf, aead } = vector
  test(`RFC 9180: opens the vector of ${curve}, ${kdf}, ${aead}`, () => {
    const encapsulated = hex(vector.encapsulated)
    const options = { kdf, aead, info, additionalData, encapsulated, privateKey: toKey(vector) }
    const opened = hpke.open(hex(vector.ciphertext), options)
    assert.equal(opened.ok && opened.value.toString(), text)
    for (const wrong of [
      { info: Buffer.from('x') },
      { additionalData: Buffer.from('x') },
      { encapsulated: hex('00') },
    ]) {
      const result = hpke.open(hex(vector.ciphertext), { ...options, ...wrong })
      assert.equal(!result.ok && result.denial.code, 'invalid')
    }
  })
}

test('RFC 9180 §A.1.2: opens the vector of PSK mode, and only with that secret and that id', () => {
  const privateKey = toKey({
    curve: 'x25519',
    privateKey: 'c5eb01eb457fe6c6f57577c5413b931550a162c71a03ac8d196babbd4e5ce0fd',
    publicKey: '9fed7e8c17387560e92cc6462a68049657246a09bfa8ade7aefe589672016366',
  })
  const encapsulated = hex('0ad0950d9fb9588e59690b74f1237ecdf1d775cd60be2eca57af5a4b0471c91b')
  const ciphertext = hex(
    'e52c6fed7f758d0cf7145689f21bc1be6ec9ea097fef4e959440012f4feb73fb611b946199e681f4cfc34db8ea',
  )
  const psk = {
    key: hex('0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82'),
    id: 'Ennyn Durin aran Moria',
  }
  const options = { aead: 'aes-128-gcm', info, additionalData, encapsulated, privateKey, psk } as const
  const opened = hpke.open(ciphertext, options)
  assert.equal(opened.ok && opened.value.toString(), text)
  for (const other of [undefined, { ...psk, id: 'x' }, { ...psk, key: Buffer.alloc(32) }]) {
    const { psk: _, ...base } = options
    const result = hpke.open(ciphertext, other === undefined ? base : { ...base, psk: other })
    assert.equal(!result.ok && result.denial.code, 'invalid')
  }
  const publicKey = createPublicKey(privateKey)
  const sealed = hpke.seal(text, { publicKey, psk })
  const back = hpke.open(sealed.ciphertext, { encapsulated: sealed.encapsulated, privateKey, psk })
  assert.equal(back.ok && back.value.toString(), text)
  for (const mistake of [
    { ...psk, key: psk.key.subarray(1) },
    { ...psk, id: '' },
  ])
    assert.throws(() => hpke.seal(text, { publicKey, psk: mistake }), TypeError)
})

const pairs: Readonly<Record<string, { publicKey: KeyObject; privateKey: KeyObject }>> = {
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  X25519: generateKeyPairSync('x25519'),
  'ML-KEM-768': generateKeyPairSync('ml-kem-768'),
}
for (const [name, { publicKey, privateKey }] of Object.entries(pairs)) {
  test(`what is sealed for ${name} opens, and only for it`, () => {
    const { encapsulated, ciphertext } = hpke.seal(text, { publicKey })
    const opened = hpke.open(ciphertext, { encapsulated, privateKey })
    assert.equal(opened.ok && opened.value.toString(), text)
    const again = hpke.seal(text, { publicKey })
    assert.notDeepEqual(again.encapsulated, encapsulated)
    const swapped = hpke.open(ciphertext, { encapsulated: again.encapsulated, privateKey })
    assert.equal(!swapped.ok && swapped.denial.code, 'invalid')
  })
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 })
const mlKem = generateKeyPairSync('ml-kem-768')

test('both sides of a KEM find the same secret', () => {
  for (const [kem, { publicKey, privateKey }, bytes] of [
    [mlKem768, mlKem, 32],
    [rsaKem, rsa, 32],
  ] as const) {
    const { encapsulated, sharedSecret } = kem.encapsulate(publicKey)
    assert.equal(sharedSecret.length, bytes)
    assert.deepEqual(kem.decapsulate(encapsulated, privateKey), { ok: true, value: sharedSecret })
    const changed = Buffer.from(encapsulated)
    changed[changed.length - 1]! ^= 1
    const other = kem.decapsulate(changed, privateKey)
    assert.ok(!other.ok || !other.value.equals(sharedSecret))
    for (const wrong of [
      encapsulated.subarray(1),
      Buffer.concat([encapsulated, Buffer.of(0)]),
      Buffer.of(),
    ]) {
      const result = kem.decapsulate(wrong, privateKey)
      assert.equal(!result.ok && result.denial.code, 'malformed')
    }
  }
})

test('both sides of the hybrid find both secrets, RSA first', () => {
  const keys = { rsa: rsa.publicKey, mlKem: mlKem.publicKey }
  const { encapsulated, sharedSecret } = rsaKemMlKem768.encapsulate(keys)
  assert.equal(encapsulated.length, 384 + 1088)
  const found = rsaKemMlKem768.decapsulate(encapsulated, { rsa: rsa.privateKey, mlKem: mlKem.privateKey })
  assert.deepEqual(found, { ok: true, value: sharedSecret })
  assert.deepEqual(rsaKem.decapsulate(encapsulated.subarray(0, 384), rsa.privateKey), {
    ok: true,
    value: sharedSecret.subarray(0, 32),
  })
  const short = rsaKemMlKem768.decapsulate(Buffer.alloc(100), {
    rsa: rsa.privateKey,
    mlKem: mlKem.privateKey,
  })
  assert.equal(!short.ok && short.denial.code, 'malformed')
})

test('a key of another type is a mistake', () => {
  const uses: readonly (() => unknown)[] = [
    () => mlKem768.encapsulate(rsa.publicKey),
    () => mlKem768.encapsulate(mlKem.privateKey),
    () => rsaKem.decapsulate(Buffer.alloc(384), mlKem.privateKey),
    () => hpke.seal('x', { publicKey: rsa.publicKey }),
    () => hpke.open(Buffer.alloc(16), { privateKey: mlKem.publicKey, encapsulated: Buffer.alloc(1088) }),
  ]
  for (const use of uses) assert.throws(use, TypeError)
})

sharedTest(
  "Ballerina's form, with the keys of its own tests",
  ['ballerina', 'module-ballerina-crypto', 'ballerina', 'tests', 'resources'],
  (folder) => {
    const [rsaPair, kemPair] = (
      [
        ['keyStore.p12', 'ballerina'],
        ['mlkem-keystore.pkcs12', 'mlkem-keypair'],
      ] as const
    ).map(([file, alias]) => {
      const store = openKeyStore(readFileSync(join(folder, file)), { password: 'ballerina' })
      const [certificate] = store.certificates(alias)
      assert.ok(certificate)
      return { publicKey: publicKeyOf(certificate), privateKey: store.privateKey(alias) }
    })
    assert.ok(rsaPair && kemPair)
    const publicKey = { rsa: rsaPair.publicKey, mlKem: kemPair.publicKey }
    const privateKey = { rsa: rsaPair.privateKey, mlKem: kemPair.privateKey }
    for (const keyBytes of [16, 24, 32] as const) {
      const one = legacyHpke.mlKem768.seal(text, { publicKey: publicKey.mlKem, keyBytes })
      const opened = legacyHpke.mlKem768.open(one.ciphertext, {
        ...one,
        privateKey: privateKey.mlKem,
        keyBytes,
      })
      assert.equal(opened.ok && opened.value.toString(), text)
      const both = legacyHpke.rsaKemMlKem768.seal(text, { publicKey, keyBytes })
      assert.equal(both.encapsulated.length, 256 + 1088)
      const openedToo = legacyHpke.rsaKemMlKem768.open(both.ciphertext, { ...both, privateKey, keyBytes })
      assert.equal(openedToo.ok && openedToo.value.toString(), text)
    }
    const refused = legacyHpke.mlKem768.open(Buffer.alloc(16), {
      encapsulated: Buffer.alloc(3),
      privateKey: privateKey.mlKem,
    })
    assert.equal(!refused.ok && refused.denial.code, 'malformed')
  },
)
