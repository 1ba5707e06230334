import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import forge from 'node-forge'
import { createCa } from '../../../../../../tools/test-ca.ts'
import { KeyError, openKeyStore, readPrivateKey, readPublicKey, writePkcs12 } from '../index.ts'
import { readCertificate, readCertificates, readTbs } from '../certificate.ts'
import { contextTag, tags } from '../der.ts'
import { writeDer, writeOid, writeSequence } from '../der-write.ts'
import { oids } from '../oids.ts'
import { readPem } from '../pem.ts'
import { readBags, toEntries } from '../pkcs12-bags.ts'
import { runFuzz } from '../../../../test/fuzz.ts'
import { mutateBytes } from '../../../../test/mutate.ts'
import type { Fuzz, FuzzTarget } from '../../../../test/fuzz.ts'

const password = 'pw'

/** Changes stores, each of which a MAC covers: none may open. The count of rounds is the one that they ask for. */
export function fuzzStores(iterations: number): Fuzz {
  return async (count, seed) => runFuzz(await createStores(iterations), mutateBytes, count, seed)
}

/** Changes what has no MAC, keys and certificates: it may be read as something else, or be a KeyError. */
export const fuzzKeyFiles: Fuzz = async (count, seed) =>
  runFuzz(await createKeyFiles(), mutateBytes, count, seed)

function target(
  name: string,
  original: Buffer,
  mayRead: boolean,
  read: (bytes: Buffer) => unknown,
): FuzzTarget<Buffer> {
  return { name, original, accepts: (changed) => isRead(() => read(changed)) && !mayRead }
}

function isRead(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (error instanceof KeyError) return false
    throw error
  }
}

async function createStores(iterations: number): Promise<readonly FuzzTarget<Buffer>[]> {
  const ca = await createCa()
  const certificates = readCertificates(ca.cert)
  const privateKey = createPrivateKey(ca.key)
  const keyOnly = generateKeyPairSync('ed25519').privateKey
  const stores = [
    [{ alias: 'a', privateKey, certificates }],
    [
      { alias: 'b', privateKey: keyOnly, certificates: [] },
      { alias: 'c', certificates },
    ],
  ].map((entries) => writePkcs12(entries, { password, iterations }))
  const old = writeOldStore(iterations)
  return [
    ...stores.map((store, index) => target(`PKCS#12, PBES2 ${index}`, store, false, openAll)),
    target('PKCS#12, 3DES and SHA-1', old, false, openAll),
  ]
}

function openAll(bytes: Buffer): void {
  const store = openKeyStore(bytes, { password })
  for (const alias of store.aliases) if (store.hasPrivateKey(alias)) store.privateKey(alias)
}

/** As the tools of before 2015 wrote them, by the one library that still does. */
function writeOldStore(count: number): Buffer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const key = forge.pki.privateKeyFromPem(privateKey.export({ format: 'pem', type: 'pkcs1' }).toString())
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(
    publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  )
  certificate.sign(key)
  const store = forge.pkcs12.toPkcs12Asn1(key, [certificate], password, { algorithm: '3des', count })
  return Buffer.from(forge.asn1.toDer(store).getBytes(), 'latin1')
}

async function createKeyFiles(): Promise<readonly FuzzTarget<Buffer>[]> {
  const ca = await createCa()
  const { raw } = readCertificates(ca.cert)[0]!
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const sealed = { format: 'pem', type: 'pkcs1', cipher: 'aes-128-cbc', passphrase: password } as const
  const pkcs8 = createPrivateKey(ca.key).export({ format: 'der', type: 'pkcs8' })
  const spki = rsa.publicKey.export({ format: 'der', type: 'spki' })
  const oldPem = Buffer.from(rsa.privateKey.export(sealed))
  const pem = Buffer.from(ca.cert)
  return [
    target('JKS', writeJks(raw), false, (bytes) => openKeyStore(bytes, { password })),
    target('bags', writeBags(pkcs8, raw), true, openBags),
    target('private key', pkcs8, true, (bytes) => readPrivateKey(bytes)),
    target('public key', spki, true, readPublicKey),
    target('certificate', raw, true, (bytes) => readTbs(readCertificate(bytes))),
    target('old PEM', oldPem, true, (bytes) => readPrivateKey(bytes, { password })),
    target('PEM', pem, true, (bytes) => readPem(bytes.toString('latin1'))),
  ]
}

/** One trusted certificate, as Java writes it. */
function writeJks(certificate: Buffer): Buffer {
  const head = Buffer.from('feedfeed0000000200000001000000020001610000000000000000', 'hex')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(certificate.length)
  const body = Buffer.concat([head, Buffer.of(0, 5), Buffer.from('X.509'), length, certificate])
  const chars = Buffer.from(password, 'utf16le').swap16()
  return Buffer.concat([
    body,
    createHash('sha1').update(chars).update('Mighty Aphrodite').update(body).digest(),
  ])
}

/** What a store holds once its MAC and its encryption are out of the way. */
function writeBags(key: Buffer, certificate: Buffer): Buffer {
  const id = writeSequence(
    writeOid(oids.localKeyId),
    writeDer(tags.set, writeDer(tags.octetString, Buffer.of(1))),
  )
  const attributes = writeDer(tags.set, id)
  const octets = explicit(writeDer(tags.octetString, certificate))
  const value = writeSequence(writeOid(oids.x509Certificate), octets)
  return writeSequence(
    writeSequence(writeOid(oids.keyBag), explicit(key), attributes),
    writeSequence(writeOid(oids.certBag), explicit(value), attributes),
  )
}

function explicit(value: Buffer): Buffer {
  return writeDer(contextTag(0, 'constructed'), value)
}

function openBags(bytes: Buffer): unknown {
  return toEntries(readBags(bytes)).map(({ openKey }) => openKey?.(password))
}
