import { timingSafeEqual } from 'node:crypto'
import type { KeyObject, X509Certificate } from 'node:crypto'
import { DtlsError } from './alert.ts'
import type { CipherSuite } from './cipher-suites.ts'
import type { HandshakeChannel } from './handshake-channel.ts'
import { expandKeys, extendedMasterSecret, verifyData } from './key-schedule.ts'
import { createProtection } from './protection.ts'
import type { Protection } from './protection.ts'

// What both sides of a handshake have and do.

/** A certificate chain, leaf first, and the key of the leaf. */
export interface Identity {
  readonly chain: readonly X509Certificate[]
  readonly key: KeyObject
}

/** Throws the DtlsError of a chain that is not to be trusted. */
export type Judge = (chain: readonly X509Certificate[]) => void

/** What a handshake runs on. */
export interface HandshakeServices {
  readonly channel: HandshakeChannel
  readonly random: (bytes: number) => Uint8Array
  /** From now on, records of epoch 1 are read and written so; given as soon as the keys are known. */
  readonly protect: (write: Protection, read: Protection) => void
}

/** Who is at the other end of a connection. */
export interface Proven {
  readonly suite: CipherSuite
  /** The other side's certificate, which was verified. */
  readonly certificate?: X509Certificate
  /** The identity of the pre-shared key that the client proved. */
  readonly pskIdentity?: string
}

export type Role = 'client' | 'server'

export interface Randoms {
  readonly client: Uint8Array
  readonly server: Uint8Array
}

/** Ends the key exchange: the transcript must end with ClientKeyExchange. Gives the master secret. */
export function deriveKeys(
  { channel }: Pick<HandshakeServices, 'channel'>,
  {
    suite,
    role,
    premaster,
    randoms,
  }: {
    readonly suite: CipherSuite
    readonly role: Role
    readonly premaster: Uint8Array
    readonly randoms: Randoms
  },
): { readonly masterSecret: Buffer; readonly write: Protection; readonly read: Protection } {
  const masterSecret = extendedMasterSecret(suite.hash, premaster, channel.transcript)
  const keys = expandKeys(suite, masterSecret, randoms)
  const other: Role = role === 'client' ? 'server' : 'client'
  return {
    masterSecret,
    write: createProtection(suite.aead, keys[role]),
    read: createProtection(suite.aead, keys[other]),
  }
}

export async function receiveFinished(
  channel: HandshakeChannel,
  { hash }: CipherSuite,
  masterSecret: Uint8Array,
  role: Role,
): Promise<void> {
  const expected = verifyData(hash, masterSecret, role, channel.transcript)
  const { body } = await channel.receive('finished')
  if (body.length === expected.length && timingSafeEqual(body, expected)) return
  throw new DtlsError('decrypt_error', 'the other side saw another handshake')
}

/** ChangeCipherSpec and Finished: the end of a flight. */
export function writeFinished(
  channel: HandshakeChannel,
  { hash }: CipherSuite,
  masterSecret: Uint8Array,
  role: Role,
): void {
  channel.changeCipherSpec()
  channel.write('finished', verifyData(hash, masterSecret, role, channel.transcript))
}

/** What a ServerKeyExchange's signature covers (RFC 8422 §5.4). */
export function toSigned({ client, server }: Randoms, parameters: Uint8Array): Buffer {
  return Buffer.concat([client, server, parameters])
}
