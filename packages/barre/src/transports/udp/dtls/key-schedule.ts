import { createHash, createHmac } from 'node:crypto'
import { number } from './bytes.ts'
import type { CipherSuite } from './cipher-suites.ts'

/** P_hash and PRF of TLS 1.2 (RFC 5246 §5). */
export function prf(
  hash: CipherSuite['hash'],
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Buffer {
  const labelled = Buffer.concat([Buffer.from(label, 'latin1'), seed])
  const mac = (...parts: readonly Uint8Array[]): Buffer => {
    const hmac = createHmac(hash, secret)
    for (const part of parts) hmac.update(part)
    return hmac.digest()
  }
  const blocks: Buffer[] = []
  let chained = mac(labelled)
  for (let made = 0; made < length; made += chained.length) {
    blocks.push(mac(chained, labelled))
    chained = mac(chained)
  }
  return Buffer.concat(blocks).subarray(0, length)
}

const masterSecretBytes = 48

/** The extended master secret (RFC 7627 §4), bound to the whole handshake up to the key exchange. */
export function extendedMasterSecret(
  hash: CipherSuite['hash'],
  premaster: Uint8Array,
  transcript: Uint8Array,
): Buffer {
  return prf(hash, premaster, 'extended master secret', digest(hash, transcript), masterSecretBytes)
}

/** The premaster secret of a pre-shared key (RFC 4279 §2), beside what ECDHE agreed on (RFC 5489 §2) or zeros. */
export function pskPremaster(key: Uint8Array, agreed: Uint8Array = Buffer.alloc(key.length)): Buffer {
  return Buffer.concat([number(agreed.length, 2), agreed, number(key.length, 2), key])
}

export interface WriteKey {
  readonly key: Buffer
  readonly iv: Buffer
}

/** What the client and the server write with (RFC 5246 §6.3). */
export function expandKeys(
  { hash, aead: { keyBytes, ivBytes } }: CipherSuite,
  masterSecret: Uint8Array,
  randoms: { readonly client: Uint8Array; readonly server: Uint8Array },
): { readonly client: WriteKey; readonly server: WriteKey } {
  const seed = Buffer.concat([randoms.server, randoms.client])
  const block = prf(hash, masterSecret, 'key expansion', seed, 2 * (keyBytes + ivBytes))
  const ivsAt = 2 * keyBytes
  return {
    client: { key: block.subarray(0, keyBytes), iv: block.subarray(ivsAt, ivsAt + ivBytes) },
    server: { key: block.subarray(keyBytes, ivsAt), iv: block.subarray(ivsAt + ivBytes) },
  }
}

const verifyDataBytes = 12

/** What a Finished message holds (RFC 5246 §7.4.9). */
export function verifyData(
  hash: CipherSuite['hash'],
  masterSecret: Uint8Array,
  role: 'client' | 'server',
  transcript: Uint8Array,
): Buffer {
  return prf(hash, masterSecret, `${role} finished`, digest(hash, transcript), verifyDataBytes)
}

function digest(hash: CipherSuite['hash'], bytes: Uint8Array): Buffer {
  return createHash(hash).update(bytes).digest()
}
