import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { importSigningKey, importVerificationKey } from './import-key.ts'
import { fromDerSignature, toDerSignature } from './ecdsa-signature.ts'
import { parseJws, signJws, verifyJws } from './jws.ts'

const forms: readonly (readonly [what: string, r: string, s: string, der: string])[] = [
  ['integers of full length', '7fff', '0100', '3008 0202 7fff 0202 0100'],
  ['a sign bit', '8000', 'ffff', '300a 0203 008000 0203 00ffff'],
  ['zeros in front', '0001', '007f', '3006 0201 01 0201 7f'],
  ['a zero in front of a sign bit', '0080', '00ff', '3008 0202 0080 0202 00ff'],
  ['zero', '0000', '0000', '3006 0201 00 0201 00'],
]

for (const [what, r, s, der] of forms) {
  test(`writes ${what} as DER`, () => {
    const written = Buffer.from(toDerSignature(Buffer.from(r + s, 'hex'))).toString('hex')
    assert.equal(written, der.replaceAll(' ', ''))
    const back = fromDerSignature(Buffer.from(written, 'hex'), (r.length + s.length) / 2)
    assert.equal(back.toString('hex'), r + s)
  })
}

for (const [half, head] of [
  [61, '307e'],
  [62, '308180'],
] as const) {
  test(`writes the length of two integers of ${half} bytes`, () => {
    const der = toDerSignature(Buffer.alloc(half * 2, 1))
    assert.equal(Buffer.from(der).toString('hex').slice(0, head.length), head)
    assert.deepEqual(fromDerSignature(der, half * 2), Buffer.alloc(half * 2, 1))
  })
}

/** The orders of the groups (SEC 2). */
const curves = [
  ['ES256', 'P-256', 'sha256', 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'],
  ['ES384', 'P-384', 'sha384', `${'f'.repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`],
  [
    'ES512',
    'P-521',
    'sha512',
    `01${'f'.repeat(64)}fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`,
  ],
] as const

for (const [algorithm, namedCurve, hash, orderHex] of curves) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  const key = importVerificationKey(publicKey, { path: 'key' })
  const order = BigInt(`0x${orderHex}`)
  const half = Math.ceil(orderHex.length / 2)
  const highest = (1n << BigInt(half * 8)) - 1n
  const toBytes = (value: bigint) => Buffer.from(value.toString(16).padStart(half * 2, '0'), 'hex')

  async function signed() {
    const token = await signJws({}, 'payload', importSigningKey(privateKey, { path: 'key', algorithm }))
    const parsed = parseJws(token)
    assert.ok(parsed.ok)
    const { signature } = parsed.value
    const judge = (r: bigint, s: bigint) =>
      verifyJws({ ...parsed.value, signature: Buffer.concat([toBytes(r), toBytes(s)]) }, key)
    return { r: toInteger(signature.subarray(0, half)), s: toInteger(signature.subarray(half)), judge }
  }

  test(`${algorithm}: an integer that is zero, or the order or more, is refused`, async () => {
    const { r, s, judge } = await signed()
    assert.ok(judge(r, s).ok)
    const outside = [0n, order, order + 1n, highest]
    for (const wrong of [...outside, 1n, order - 1n]) {
      for (const result of [judge(wrong, s), judge(r, wrong), judge(wrong, wrong)]) {
        assert.equal(!result.ok && result.denial.code, 'invalid')
      }
    }
  })

  test(`${algorithm}: the same integer plus the order is refused where it has room`, async () => {
    const { r, s, judge } = await signed()
    for (const [one, other] of [
      [r + order, s],
      [r, s + order],
    ] as const) {
      if (one <= highest && other <= highest) assert.equal(judge(one, other).ok, false)
    }
  })

  test(`${algorithm}: accepts short integers, as node:crypto does in either form`, () => {
    const dsa = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
    let short = 0
    for (let index = 0; short === 0 && index < 20_000; index++) {
      const input = Buffer.from(`input ${index}`)
      const signature = sign(hash, input, dsa)
      if (!isShort(signature, algorithm === 'ES512' ? 1 : 0)) continue
      short++
      assert.ok(key.verifiers.get(algorithm)?.(input, signature))
      assert.ok(verify(hash, input, publicKey, toDerSignature(signature)))
    }
    assert.equal(short, 1)
  })
}

/** Whether r has a byte less than is usual: P-521's first byte is nearly always 0 or 1. */
function isShort(signature: Buffer, usualZeros: number): boolean {
  return signature.subarray(0, usualZeros + 1).every((byte) => byte === 0)
}

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}
