import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { ReadableStream } from 'node:stream/web'
import { test } from 'node:test'
import * as openpgp from 'openpgp'
import { pgp } from './pgp.ts'

const data = randomBytes(70_000)
const userIDs = [{ name: 'test' }]

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += 1000) yield bytes.subarray(offset, offset + 1000)
}

async function collect(source: unknown): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source as AsyncIterable<Uint8Array>) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

const keys: Readonly<Record<string, openpgp.KeyOptions>> = {
  'RSA of 2048 bits': { type: 'rsa', rsaBits: 2048, userIDs },
  'the elliptic curve of Bernstein, as of RFC 9580': { type: 'curve25519', userIDs },
  'version 6 with authenticated encryption': {
    type: 'curve25519',
    userIDs,
    config: { v6Keys: true, aeadProtect: true },
  },
}
for (const [name, options] of Object.entries(keys)) {
  test(`${name}: messages go out to openpgp and come back, whole and as streams`, async () => {
    const { privateKey, publicKey } = await openpgp.generateKey({ ...options, format: 'object' })
    const [ours, theirs] = [Buffer.from(privateKey.write()), Buffer.from(publicKey.write())]
    const encrypting = { publicKeys: theirs, signWith: { key: ours }, armor: false }
    const opening = { decryptionKeys: privateKey, verificationKeys: publicKey, expectSigned: true } as const
    const sealed = [
      await pgp.encrypt(data, encrypting),
      await collect(pgp.encryptStream(inPieces(data), encrypting)),
    ]
    for (const binaryMessage of sealed) {
      const message = await openpgp.readMessage({ binaryMessage })
      const opened = await openpgp.decrypt({ message, ...opening, format: 'binary' })
      assert.deepEqual(Buffer.from(opened.data), data)
    }
    const sealing = { encryptionKeys: publicKey, signingKeys: privateKey, format: 'binary' } as const
    const whole = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: data }),
      ...sealing,
    })
    const stream = await openpgp.createMessage({ binary: ReadableStream.from(inPieces(data)) })
    const streamed = await collect(await openpgp.encrypt({ message: stream, ...sealing }))
    const decrypting = { privateKey: { key: ours }, verifyWith: theirs }
    for (const message of [whole as Uint8Array, streamed]) {
      assert.deepEqual(await pgp.decrypt(message, decrypting), { ok: true, value: data })
      assert.deepEqual(await collect(pgp.decryptStream(inPieces(message), decrypting)), data)
    }
  })

  test(`${name}: signatures go out to openpgp and come back`, async () => {
    const { privateKey, publicKey } = await openpgp.generateKey({ ...options, format: 'object' })
    const message = await openpgp.createMessage({ binary: data })
    const binarySignature = await pgp.sign(data, { privateKey: { key: privateKey.write() }, armor: false })
    const signature = await openpgp.readSignature({ binarySignature })
    await openpgp.verify({
      message,
      signature,
      verificationKeys: publicKey,
      expectSigned: true,
      format: 'binary',
    })
    const theirs = await openpgp.sign({ message, signingKeys: privateKey, detached: true, format: 'armored' })
    assert.ok(await pgp.verify(data, theirs, { publicKeys: publicKey.armor() }))
    assert.ok(!(await pgp.verify('other data', theirs, { publicKeys: publicKey.armor() })))
  })
}
