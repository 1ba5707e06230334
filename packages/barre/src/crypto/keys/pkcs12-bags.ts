import { readCertificate } from './certificate.ts'
import { DerReader, contextTag, readDer, tags } from './der.ts'
import { KeyError } from './key-error.ts'
import { chainMax, storeEntriesMax } from './key-store.ts'
import { oids } from './oids.ts'
import { fromPkcs8, openEncrypted } from './private-key.ts'
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { StoreEntry } from './key-store.ts'

/** What a bag holds, and what its attributes say. */
export interface Bag {
  readonly certificate?: X509Certificate
  readonly openKey?: (password: string) => KeyObject
  /** Whether the key is encrypted, so that opening it proves the password. */
  readonly sealed?: boolean
  readonly friendlyName?: string
  readonly localKeyId?: string
  /** Java's mark of a certificate that is an entry of its own. */
  readonly trusted: boolean
}

/** Reads SafeContents: RFC 7292 §4.2. Keys stay closed until they are asked for. */
export function readBags(contents: Buffer): readonly Bag[] {
  const list = readDer(contents, tags.sequence, 'PKCS#12 bags')
  const bags: Bag[] = []
  while (list.hasMore) {
    if (bags.length >= storeEntriesMax)
      throw new KeyError('too_large', `PKCS#12: more than ${storeEntriesMax} bags`)
    const bag = list.enter()
    const type = bag.oid()
    const value = bag.next(contextTag(0, 'constructed')).content
    const attributes = readAttributes(bag.optional(tags.set)?.content)
    bag.end()
    bags.push({ ...readValue(type, value), ...attributes })
  }
  return bags
}

type Value = Pick<Bag, 'certificate' | 'openKey' | 'sealed'>

const bagReaders: Readonly<Record<string, (value: Buffer) => Value>> = {
  [oids.keyBag]: (value) => ({ openKey: () => fromPkcs8(value) }),
  [oids.shroudedKeyBag]: (value) => ({ openKey: (password) => openShrouded(value, password), sealed: true }),
  [oids.certBag]: (value) => ({ certificate: readCertificateBag(value) }),
  // Revocation lists and bare secrets are no keys and no certificates: left alone.
  [oids.crlBag]: () => ({}),
  [oids.secretBag]: () => ({}),
}

function readValue(type: string, value: Buffer): Value {
  const read = bagReaders[type]
  if (read === undefined) throw new KeyError('unsupported', `PKCS#12: a bag of type ${type}`)
  return read(value)
}

function openShrouded(value: Buffer, password: string): KeyObject {
  return fromPkcs8(openEncrypted(readDer(value, tags.sequence, 'PKCS#12 key'), password), 'decrypted')
}

function readCertificateBag(value: Buffer): X509Certificate {
  const bag = readDer(value, tags.sequence, 'PKCS#12 certificate')
  const type = bag.oid()
  if (type !== oids.x509Certificate)
    throw new KeyError('unsupported', `PKCS#12: a certificate of type ${type}`)
  const certificate = readDer(
    bag.next(contextTag(0, 'constructed')).content,
    tags.octetString,
    'PKCS#12 certificate',
  )
  bag.end()
  return readCertificate(certificate.rest())
}

type Attributes = Pick<Bag, 'friendlyName' | 'localKeyId' | 'trusted'>

function readAttributes(content: Buffer | undefined): Attributes {
  const values = new Map<string, DerReader>()
  const list = new DerReader(content ?? Buffer.alloc(0), 'PKCS#12 attributes')
  while (list.hasMore) {
    const attribute = list.enter()
    values.set(attribute.oid(), attribute.enter(tags.set))
  }
  const name = values.get(oids.friendlyName)?.next(tags.bmpString).content
  const id = values.get(oids.localKeyId)?.octets()
  if (name !== undefined && name.length % 2 !== 0)
    throw new KeyError('malformed', 'PKCS#12: half a character')
  return {
    ...(name !== undefined && { friendlyName: Buffer.from(name).swap16().toString('utf16le') }),
    ...(id !== undefined && { localKeyId: id.toString('hex') }),
    trusted: values.has(oids.trustedKeyUsage),
  }
}

/**
 * The entries of a store: each key with its chain, and each certificate that Java marked as trusted. In a store
 * without keys, as `openssl pkcs12 -nokeys` makes it, every certificate is one. Who has no name is numbered
 * from 1, as Java does.
 */
export function toEntries(bags: readonly Bag[]): readonly StoreEntry[] {
  let unnamed = 0
  const nameOf = ({ friendlyName }: Bag): string => friendlyName ?? String(++unnamed)
  const keys = bags.flatMap((bag): StoreEntry[] =>
    bag.openKey === undefined
      ? []
      : [{ alias: nameOf(bag), certificates: chainOf(bag, bags), openKey: bag.openKey }],
  )
  const trusted = bags.flatMap((bag): StoreEntry[] =>
    bag.certificate === undefined || !(bag.trusted || keys.length === 0)
      ? []
      : [{ alias: nameOf(bag), certificates: [bag.certificate] }],
  )
  return [...keys, ...trusted]
}

function chainOf(key: Bag, bags: readonly Bag[]): readonly X509Certificate[] {
  const leaf = bags.find((bag) => bag.certificate !== undefined && isOf(bag, key))?.certificate
  const chain: X509Certificate[] = []
  for (let next = leaf; next !== undefined && !chain.includes(next); next = issuerOf(next, bags)) {
    if (chain.length >= chainMax) {
      throw new KeyError('too_large', `PKCS#12: a chain of more than ${chainMax} certificates`)
    }
    chain.push(next)
  }
  return chain
}

function isOf(certificate: Bag, key: Bag): boolean {
  if (key.localKeyId !== undefined) return certificate.localKeyId === key.localKeyId
  return certificate.friendlyName === key.friendlyName
}

function issuerOf(certificate: X509Certificate, bags: readonly Bag[]): X509Certificate | undefined {
  return bags.find((bag) => bag.certificate !== undefined && certificate.checkIssued(bag.certificate))
    ?.certificate
}
