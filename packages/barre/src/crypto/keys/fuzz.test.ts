import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createCa } from '../../../../../tools/test-ca.ts'
import { readCertificate, readTbs } from './certificate.ts'
import { readJks } from './jks.ts'
import { KeyError } from './key-error.ts'
import { openKeyStore } from './open-key-store.ts'
import { readPem } from './pem.ts'
import { readPrivateKey } from './private-key.ts'
import { readPublicKey } from './public-key.ts'
import { writePkcs12 } from './write-pkcs12.ts'

/** How many mutations of each seed; BARRE_FUZZ asks for more than a build's share. */
const rounds = Number(process.env['BARRE_FUZZ'] ?? 300)

/** A small generator of its own seed: a failure can be run again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function mutate(bytes: Buffer, random: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes)
  const at = random(copy.length)
  const kinds: readonly (() => Buffer)[] = [
    () => ((copy[at]! ^= 1 << random(8)), copy),
    () => ((copy[at] = random(256)), copy),
    () => copy.subarray(0, at),
    () => Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + random(8))]),
    () => Buffer.concat([copy.subarray(0, at), copy.subarray(random(at + 1), at), copy.subarray(at)]),
    () => Buffer.concat([copy.subarray(0, at), Buffer.alloc(1 + random(9), random(256)), copy.subarray(at)]),
  ]
  const mutated = kinds[random(kinds.length)]!()
  return random(3) === 0 && mutated.length > 0 ? mutate(mutated, random) : mutated
}

const ca = await createCa()
const certificate = readCertificate(Buffer.from(ca.cert.replace(/-----.*-----/g, ''), 'base64'))
const key = readPrivateKey(ca.key)
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
const store = writePkcs12([{ alias: 'a', privateKey: key, certificates: [certificate] }], {
  password: 'pw',
  iterations: 1,
})
const sealed = rsa.privateKey.export({
  format: 'pem',
  type: 'pkcs1',
  cipher: 'aes-128-cbc',
  passphrase: 'pw',
})

// The header of a store, an entry that says it is a certificate, and that certificate.
const jks = Buffer.concat([
  Buffer.from(
    'feedfeed000000020000000100000002000161' + '00'.repeat(8) + '0005' + Buffer.from('X.509').toString('hex'),
    'hex',
  ),
  Buffer.from([0, 0, certificate.raw.length >> 8, certificate.raw.length & 0xff]),
  certificate.raw,
  Buffer.alloc(20),
])

const targets: readonly (readonly [
  name: string,
  seed: Buffer,
  read: (bytes: Buffer) => unknown,
  mayRead: boolean,
])[] = [
  ['a PKCS#12 store', store, (bytes) => openKeyStore(bytes, { password: 'pw' }), false],
  ['a JKS store', jks, (bytes) => readJks(bytes, 'pw'), false],
  ['a private key', key.export({ format: 'der', type: 'pkcs8' }), (bytes) => readPrivateKey(bytes), true],
  [
    'a public key',
    rsa.publicKey.export({ format: 'der', type: 'spki' }),
    (bytes) => readPublicKey(bytes),
    true,
  ],
  ['a certificate', certificate.raw, (bytes) => readTbs(readCertificate(bytes)), true],
  ['an encrypted PEM key', Buffer.from(sealed), (bytes) => readPrivateKey(bytes, { password: 'pw' }), true],
  ['PEM text', Buffer.from(ca.cert), (bytes) => readPem(bytes.toString('latin1')), true],
]
for (const [index, [name, seed, read, mayRead]] of targets.entries()) {
  test(`no mutation of ${name} does more than be refused`, () => {
    const random = randomOf(index + 1)
    for (let round = 0; round < rounds; round++) {
      const mutated = mutate(seed, random)
      if (mutated.equals(seed)) continue
      try {
        read(mutated)
        assert.ok(mayRead, `round ${round}: a changed store was opened`)
      } catch (error) {
        if (!(error instanceof KeyError)) throw error
      }
    }
  })
}
