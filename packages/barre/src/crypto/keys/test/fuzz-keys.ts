import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { createCa } from '../../../../../../tools/test-ca.ts'
import { KeyError, openKeyStore, readPrivateKey, readPublicKey, writePkcs12 } from '../index.ts'
import { readCertificate, readCertificates, readTbs } from '../certificate.ts'
import { contextTag, tags } from '../der.ts'
import { writeDer, writeOid, writeSequence } from '../der-write.ts'
import { oids } from '../oids.ts'
import { readPem } from '../pem.ts'
import { readBags, toEntries } from '../pkcs12-bags.ts'
import { createNumbers } from '../../../../test/mutate.ts'

/** Something to change, and who reads it. */
interface Target {
  readonly name: string
  readonly original: Buffer
  /** Whether what was changed may still be read: only stores have a MAC over all of it. */
  readonly mayRead: boolean
  read(changed: Buffer): unknown
}

const password = 'pw'

/**
 * Changes stores, keys and certificates `count` times and answers with the stores that were opened in spite of
 * it: there must be none. Anything thrown but a KeyError is thrown on.
 */
export async function fuzzKeys(count: number, seed: number): Promise<readonly string[]> {
  const targets = await createTargets()
  const numbers = createNumbers(seed)
  const findings: string[] = []
  for (let round = 0; round < count; round++) {
    const target = targets[round % targets.length]!
    const changed = mutate(target.original, numbers)
    if (changed.equals(target.original)) continue
    if (isRead(target, changed) && !target.mayRead)
      findings.push(`${target.name}: ${changed.toString('hex')}`)
  }
  return findings
}

function isRead(target: Target, changed: Buffer): boolean {
  try {
    target.read(changed)
    return true
  } catch (cause) {
    if (cause instanceof KeyError) return false
    throw new Error(`${target.name} threw for ${changed.toString('hex')}`, { cause })
  }
}

async function createTargets(): Promise<readonly Target[]> {
  const ca = await createCa()
  const [certificate] = readCertificates(ca.cert)
  const { raw } = certificate!
  const privateKey = createPrivateKey(ca.key)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const entries = [{ alias: 'a', privateKey, certificates: [certificate!] }]
  const open = (bytes: Buffer): unknown => openKeyStore(bytes, { password })
  const sealed = { format: 'pem', type: 'pkcs1', cipher: 'aes-128-cbc', passphrase: password } as const
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  const spki = rsa.publicKey.export({ format: 'der', type: 'spki' })
  const oldPem = Buffer.from(rsa.privateKey.export(sealed))
  return [
    {
      name: 'PKCS#12',
      original: writePkcs12(entries, { password, iterations: 1 }),
      mayRead: false,
      read: open,
    },
    { name: 'JKS', original: writeJks(raw), mayRead: false, read: open },
    { name: 'bags', original: writeBags(pkcs8, raw), mayRead: true, read: openBags },
    { name: 'private key', original: pkcs8, mayRead: true, read: (bytes) => readPrivateKey(bytes) },
    { name: 'public key', original: spki, mayRead: true, read: readPublicKey },
    { name: 'certificate', original: raw, mayRead: true, read: (bytes) => readTbs(readCertificate(bytes)) },
    {
      name: 'old PEM',
      original: oldPem,
      mayRead: true,
      read: (bytes) => readPrivateKey(bytes, { password }),
    },
    {
      name: 'PEM',
      original: Buffer.from(ca.cert),
      mayRead: true,
      read: (bytes) => readPem(bytes.toString('latin1')),
    },
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

/** Flips, overwrites, cuts, repeats and inserts bytes, one time in three more than once. */
function mutate(bytes: Buffer, numbers: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes)
  const at = numbers(copy.length)
  const kinds: readonly (() => Buffer)[] = [
    () => {
      copy[at]! ^= 1 << numbers(8)
      return copy
    },
    () => {
      copy[at] = numbers(256)
      return copy
    },
    () => copy.subarray(0, at),
    () => Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + numbers(8))]),
    () => Buffer.concat([copy.subarray(0, at), copy.subarray(numbers(at + 1), at), copy.subarray(at)]),
    () =>
      Buffer.concat([copy.subarray(0, at), Buffer.alloc(1 + numbers(9), numbers(256)), copy.subarray(at)]),
  ]
  const changed = kinds[numbers(kinds.length)]!()
  return numbers(3) === 0 && changed.length > 0 ? mutate(changed, numbers) : changed
}
