import type { X509Certificate } from 'node:crypto'
import { DtlsError } from './alert.ts'
import { ByteReader } from './bytes.ts'
import {
  encodeCertificate,
  encodeCertificateRequest,
  readCertificate,
  readSignature,
} from './certificate-messages.ts'
import type { CipherSuite } from './cipher-suites.ts'
import { groups } from './groups.ts'
import type { KeyShare } from './groups.ts'
import { deriveKeys, receiveFinished, toSigned, writeFinished } from './handshake.ts'
import type { HandshakeServices, Identity, Judge, Proven, Randoms } from './handshake.ts'
import type { HandshakeChannel } from './handshake-channel.ts'
import { encodeServerHello, randomBytes } from './hello.ts'
import type { ClientHello } from './hello.ts'
import { encodeServerKeyExchange, encodeShare, readClientKeyExchange } from './key-exchange-messages.ts'
import { pskPremaster } from './key-schedule.ts'
import { versions } from './record.ts'
import { checkSignature, chooseScheme, signWith, suiteKindOf } from './signatures.ts'

export interface ServerHandshakeConfig {
  /** What may be spoken, the best first. */
  readonly suites: readonly CipherSuite[]
  /** Absent: nobody gets a suite that is signed. */
  readonly identity?: Identity
  /** Absent: clients are not asked for a certificate. */
  readonly clients?: { readonly isRequired: boolean; readonly judge: Judge }
  /** The key of an identity. */
  readonly pskOf?: (identity: string) => Uint8Array | undefined
}

/** The longest identity of a pre-shared key, in bytes. */
const pskIdentityMaxBytes = 128

/**
 * The server's side of a full handshake (RFC 6347 §4.2.4), from a ClientHello whose cookie is good; the channel has it
 * in its transcript. Throws DtlsError.
 */
export async function serverHandshake(
  hello: ClientHello,
  config: ServerHandshakeConfig,
  services: HandshakeServices,
): Promise<Proven> {
  const { channel } = services
  checkHello(hello)
  const suite = chooseSuite(hello, config)
  const randoms = { client: hello.random, server: services.random(randomBytes) }
  const clients = suite.signedBy === undefined ? undefined : config.clients
  channel.write('server_hello', encodeServerHello({ random: Buffer.from(randoms.server), suite: suite.id }))
  if (suite.signedBy !== undefined) channel.write('certificate', encodeCertificate(config.identity!.chain))
  const share = suite.isEcdhe ? writeShare(hello, suite, config, randoms, channel) : undefined
  if (clients !== undefined) channel.write('certificate_request', encodeCertificateRequest())
  channel.write('server_hello_done')
  channel.flush(true)

  const shown = clients && (await receiveChain(channel, clients))
  const { body } = await channel.receive('client_key_exchange')
  const { premaster, pskIdentity } = readPremaster(body, suite, share, config, services)
  const { masterSecret, write, read } = deriveKeys(services, { suite, role: 'server', premaster, randoms })
  if (shown?.leaf !== undefined) await receiveProof(channel, shown.leaf)
  services.protect(write, read)
  await receiveFinished(channel, suite, masterSecret, 'client')
  writeFinished(channel, suite, masterSecret, 'server')
  channel.flush(false)
  return {
    suite,
    ...(shown?.isTrusted === true && { certificate: shown.leaf! }),
    ...(pskIdentity !== undefined && { pskIdentity }),
  }
}

function checkHello(hello: ClientHello): void {
  // The numbers of DTLS versions fall.
  if (hello.version > versions.dtls12 || hello.version < 0xfe00) {
    throw new DtlsError('protocol_version', 'the client is not for DTLS 1.2')
  }
  if (hello.hasExtendedMasterSecret && hello.hasSecureRenegotiation) return
  throw new DtlsError(
    'handshake_failure',
    'the client knows no extended master secret or secure renegotiation',
  )
}

function chooseSuite(hello: ClientHello, { suites, identity, pskOf }: ServerHandshakeConfig): CipherSuite {
  const hasGroup = groups.some(({ id }) => hello.groups.includes(id))
  const isSigned = identity !== undefined && chooseScheme(identity.key, hello.schemes) !== undefined
  const kind = isSigned ? suiteKindOf(identity.key) : undefined
  const suite = suites.find(
    ({ id, signedBy, isEcdhe }) =>
      hello.suites.includes(id) &&
      (signedBy === undefined ? pskOf !== undefined : signedBy === kind) &&
      (!isEcdhe || hasGroup),
  )
  if (suite !== undefined) return suite
  throw new DtlsError('handshake_failure', 'the client and we have no cipher suite in common')
}

function writeShare(
  hello: ClientHello,
  suite: CipherSuite,
  { identity }: ServerHandshakeConfig,
  randoms: Randoms,
  channel: HandshakeChannel,
): KeyShare {
  const group = groups.find(({ id }) => hello.groups.includes(id))!
  const share = group.generate()
  const parameters = encodeShare({ group: group.id, publicKey: share.publicKey })
  channel.write('server_key_exchange', encodeServerKeyExchange(parameters, sign()))
  return share

  function sign() {
    if (suite.signedBy === undefined) return undefined
    const { key } = identity!
    const scheme = chooseScheme(key, hello.schemes)!
    return { scheme, signature: signWith(scheme, key, toSigned(randoms, parameters)) }
  }
}

/** The client's own certificate, and whether to trust it; where one is required, there is no other answer than yes. */
async function receiveChain(
  channel: HandshakeChannel,
  { isRequired, judge }: NonNullable<ServerHandshakeConfig['clients']>,
): Promise<{ readonly leaf?: X509Certificate; readonly isTrusted: boolean }> {
  const chain = readCertificate((await channel.receive('certificate')).body)
  const [leaf] = chain
  if (leaf === undefined) {
    if (isRequired) throw new DtlsError('handshake_failure', 'the client has no certificate')
    return { isTrusted: false }
  }
  try {
    judge(chain)
    return { leaf, isTrusted: true }
  } catch (error) {
    if (isRequired || !(error instanceof DtlsError)) throw error
    return { leaf, isTrusted: false }
  }
}

function readPremaster(
  body: Buffer,
  suite: CipherSuite,
  share: KeyShare | undefined,
  config: ServerHandshakeConfig,
  services: HandshakeServices,
): { readonly premaster: Uint8Array; readonly pskIdentity?: string } {
  const { publicKey, identity } = readClientKeyExchange(body, suite)
  const agreed = publicKey && share!.agree(publicKey)
  if (identity === undefined) return { premaster: agreed! }
  const known = lookUp(identity, config, services)
  return { premaster: pskPremaster(known.key, agreed), pskIdentity: known.identity }
}

/** A stranger's identity gets a key that nobody has, so that it fares as with a wrong key. */
function lookUp(
  bytes: Buffer,
  { pskOf }: ServerHandshakeConfig,
  { random }: HandshakeServices,
): { readonly identity: string; readonly key: Uint8Array } {
  if (bytes.length > pskIdentityMaxBytes)
    throw new DtlsError('illegal_parameter', 'an identity that is too long')
  const identity = bytes.toString('utf8')
  return { identity, key: pskOf?.(identity) ?? random(32) }
}

async function receiveProof(channel: HandshakeChannel, { publicKey }: X509Certificate): Promise<void> {
  const signed = channel.transcript
  const { body } = await channel.receive('certificate_verify')
  const { scheme, signature } = readSignature(new ByteReader(body))
  checkSignature(scheme, publicKey, signed, signature)
}
