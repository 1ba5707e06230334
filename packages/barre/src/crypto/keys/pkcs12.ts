import { DerReader, contextTag, readDer, tags } from './der.ts'
import { KeyError } from './key-error.ts'
import { keyStore } from './key-store.ts'
import { oids } from './oids.ts'
import { openWithPassword } from './password-encryption.ts'
import { readBags, toEntries } from './pkcs12-bags.ts'
import { readMac } from './pkcs12-mac.ts'
import type { KeyStore } from './key-store.ts'
import type { MacCheck } from './pkcs12-mac.ts'

/** The most parts that one store may have; Java writes two. */
export const pkcs12PartsMax = 64

/** Reads a PKCS#12 store (RFC 7292) that a password protects. */
export function readPkcs12(bytes: Uint8Array, password: string): KeyStore {
  const { content, isMacOf } = readPfx(bytes)
  const isRight = isMacOf(content, password)
  if (!isRight) throw explainMismatch(content, password)
  return keyStore(toEntries(openParts(content, password).flatMap(readBags)), password)
}

interface Pfx {
  /** The authenticated safe, still encrypted in parts. */
  readonly content: Buffer
  readonly isMacOf: MacCheck
}

function readPfx(bytes: Uint8Array): Pfx {
  const pfx = readDer(bytes, tags.sequence, 'PKCS#12')
  const version = pfx.integer(255)
  if (version !== 3) throw new KeyError('unsupported', `PKCS#12: version ${version}, and only 3 is known`)
  const authSafe = pfx.enter()
  const type = authSafe.oid()
  if (type !== oids.data) throw new KeyError('unsupported', 'PKCS#12: only password integrity is supported')
  const content = readDer(authSafe.next(contextTag(0, 'constructed')).content, tags.octetString, 'PKCS#12')
  authSafe.end()
  // Without it anybody who can write the file can add certificates that we would trust.
  if (!pfx.hasMore)
    throw new KeyError('unsupported', 'PKCS#12: a store without a MAC, which nothing protects')
  const isMacOf = readMac(pfx.enter())
  pfx.end()
  return { content: content.rest(), isMacOf }
}

/** One ContentInfo of the safe: its bags, once it is open. */
interface Part {
  readonly encrypted: boolean
  readonly open: (password: string) => Buffer
}

function readParts(content: Buffer): readonly Part[] {
  const safe = readDer(content, tags.sequence, 'PKCS#12 safe')
  const parts: Part[] = []
  while (safe.hasMore) {
    if (parts.length >= pkcs12PartsMax)
      throw new KeyError('too_large', `PKCS#12: more than ${pkcs12PartsMax} parts`)
    const info = safe.enter()
    const type = info.oid()
    const value = info.next(contextTag(0, 'constructed')).content
    info.end()
    parts.push(readPart(type, value))
  }
  return parts
}

function readPart(type: string, value: Buffer): Part {
  if (type === oids.data) {
    const inside = readDer(value, tags.octetString, 'PKCS#12 part').rest()
    return { encrypted: false, open: () => inside }
  }
  if (type !== oids.encryptedData) throw new KeyError('unsupported', `PKCS#12: a part of type ${type}`)
  return readEncryptedPart(value)
}

/** EncryptedData: RFC 5652 §8. */
function readEncryptedPart(value: Buffer): Part {
  const encrypted = readDer(value, tags.sequence, 'PKCS#12 part')
  encrypted.integer(2)
  const info = encrypted.enter()
  info.oid()
  const algorithm = info.next(tags.sequence).content
  const ciphertext = info.next(contextTag(0, 'primitive')).content
  info.end()
  return {
    encrypted: true,
    open: (password) => openWithPassword(new DerReader(algorithm, 'PKCS#12 part'), ciphertext, password),
  }
}

function openParts(content: Buffer, password: string): readonly Buffer[] {
  return readParts(content).map(({ open }) => open(password))
}

/**
 * The MAC says only that password and bytes do not go together. The password is right when any encrypted part
 * opens into what it should hold; and a structure that is broken outside of what is encrypted is damage
 * whatever the password.
 */
function explainMismatch(content: Buffer, password: string): KeyError {
  const verdicts = judgeParts(content, password)
  return verdicts.includes('changed')
    ? new KeyError('damaged', 'PKCS#12: the store was changed after it was written')
    : new KeyError('wrong_password', 'PKCS#12: the password does not open the store')
}

type Verdict = 'changed' | 'closed'

function judgeParts(content: Buffer, password: string): readonly Verdict[] {
  try {
    return readParts(content).flatMap((part) => judgePart(part, password))
  } catch {
    return ['changed']
  }
}

function judgePart({ encrypted, open }: Part, password: string): readonly Verdict[] {
  if (!encrypted) {
    return readBags(open(password)).flatMap(({ openKey, sealed }) =>
      openKey === undefined || sealed !== true ? [] : judge(() => void openKey(password)),
    )
  }
  let bags: Buffer | undefined
  const verdict = judge(() => (bags = open(password)))
  if (bags === undefined) return verdict
  try {
    return readBags(bags).length > 0 ? ['changed'] : []
  } catch {
    // One wrong password in 256 leaves good padding and nonsense.
    return ['closed']
  }
}

/** Opening with a wrong password fails in one way only: any other outcome was not the password's. */
function judge(open: () => void): readonly [Verdict] {
  try {
    open()
    return ['changed']
  } catch (error) {
    return [error instanceof KeyError && error.code === 'wrong_password' ? 'closed' : 'changed']
  }
}
