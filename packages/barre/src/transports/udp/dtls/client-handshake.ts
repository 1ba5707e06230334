import type { X509Certificate } from 'node:crypto'
import { DtlsError } from './alert.ts'
import {
  encodeCertificate,
  encodeSignature,
  readCertificate,
  readCertificateRequest,
} from './certificate-messages.ts'
import type { CipherSuite } from './cipher-suites.ts'
import { groups } from './groups.ts'
import { deriveKeys, receiveFinished, toSigned, writeFinished } from './handshake.ts'
import type { HandshakeServices, Identity, Judge, Proven, Randoms } from './handshake.ts'
import type { HandshakeChannel } from './handshake-channel.ts'
import type { Message } from './handshake-message.ts'
import { encodeClientHello, randomBytes, readHelloVerifyRequest, readServerHello } from './hello.ts'
import type { ServerHello } from './hello.ts'
import { encodeClientKeyExchange, readServerKeyExchange } from './key-exchange-messages.ts'
import type { ServerKeyExchange } from './key-exchange-messages.ts'
import { pskPremaster } from './key-schedule.ts'
import { checkSignature, chooseScheme, signWith, suiteKindOf } from './signatures.ts'

export interface ClientHandshakeConfig {
  readonly suites: readonly CipherSuite[]
  /** Sent as the name of the server that is called. */
  readonly serverName?: string | undefined
  readonly judge: Judge
  readonly identity?: Identity | undefined
  readonly psk?: { readonly identity: string; readonly key: Uint8Array } | undefined
}

/** How often a server may ask for another cookie. */
const cookiesMax = 2

/** The client's side of a full handshake (RFC 6347 §4.2.4). Throws DtlsError. */
export async function clientHandshake(
  config: ClientHandshakeConfig,
  services: HandshakeServices,
): Promise<Proven> {
  const { channel } = services
  const random = services.random(randomBytes)
  const server = await exchangeHellos(random, config, channel)
  const suite = config.suites.find(({ id }) => id === server.suite)!
  const randoms = { client: random, server: server.random }

  const leaf = suite.signedBy && (await receiveLeaf(channel, config))
  const { exchange, accepted } = await receiveExchange(channel, suite, leaf, randoms)
  const scheme = config.identity && accepted && chooseScheme(config.identity.key, accepted)
  if (accepted !== undefined) {
    channel.write('certificate', encodeCertificate(scheme === undefined ? [] : config.identity!.chain))
  }
  const premaster = writeKeyExchange(exchange, suite, config, channel)
  const { masterSecret, write, read } = deriveKeys(services, { suite, role: 'client', premaster, randoms })
  services.protect(write, read)
  if (scheme !== undefined) {
    const signature = signWith(scheme, config.identity!.key, channel.transcript)
    channel.write('certificate_verify', encodeSignature({ scheme, signature }))
  }
  writeFinished(channel, suite, masterSecret, 'client')
  channel.flush(true)
  await receiveFinished(channel, suite, masterSecret, 'server')
  channel.rest()
  return { suite, ...(leaf !== undefined && { certificate: leaf }) }
}

/** The server's own certificate, its chain judged. */
async function receiveLeaf(
  channel: HandshakeChannel,
  config: ClientHandshakeConfig,
): Promise<X509Certificate> {
  const chain = readCertificate((await channel.receive('certificate')).body)
  if (chain[0] === undefined) throw new DtlsError('bad_certificate', 'the server has no certificate')
  config.judge(chain)
  return chain[0]
}

async function exchangeHellos(
  random: Uint8Array,
  { suites, serverName }: ClientHandshakeConfig,
  channel: HandshakeChannel,
): Promise<ServerHello> {
  const offered = suites.map(({ id }) => id)
  let cookie: Buffer | undefined
  for (let cookies = 0; ; cookies++) {
    channel.forget()
    channel.write('client_hello', encodeClientHello({ random, suites: offered, serverName }, cookie))
    channel.flush(true)
    const answer = await (cookies < cookiesMax
      ? channel.receive('hello_verify_request', 'server_hello')
      : channel.receive('server_hello'))
    if (answer.name === 'server_hello') return readServerHello(answer.body, offered)
    cookie = readHelloVerifyRequest(answer.body)
  }
}

interface ServerExchange {
  readonly exchange: ServerKeyExchange
  /** The signature schemes for a certificate of ours; absent: the server asks for none. */
  readonly accepted: readonly number[] | undefined
}

/** The rest of the server's flight. */
async function receiveExchange(
  channel: HandshakeChannel,
  suite: CipherSuite,
  leaf: X509Certificate | undefined,
  randoms: Randoms,
): Promise<ServerExchange> {
  // A server whose pre-shared key needs no hint leaves its key exchange out (RFC 4279 §2).
  const message: Message = await (suite.isEcdhe
    ? channel.receive('server_key_exchange')
    : channel.receive('server_key_exchange', 'server_hello_done'))
  if (message.name === 'server_hello_done') return { exchange: {}, accepted: undefined }
  const exchange = readServerKeyExchange(message.body, suite)
  if (leaf === undefined) {
    await channel.receive('server_hello_done')
    return { exchange, accepted: undefined }
  }
  checkExchange(exchange, suite, leaf, randoms)
  const next = await channel.receive('certificate_request', 'server_hello_done')
  if (next.name === 'server_hello_done') return { exchange, accepted: undefined }
  const accepted = readCertificateRequest(next.body)
  await channel.receive('server_hello_done')
  return { exchange, accepted }
}

function checkExchange(
  { parameters, signed }: ServerKeyExchange,
  { signedBy }: CipherSuite,
  { publicKey }: X509Certificate,
  randoms: Randoms,
): void {
  if (suiteKindOf(publicKey) !== signedBy) {
    throw new DtlsError('illegal_parameter', 'a certificate that does not fit the cipher suite')
  }
  checkSignature(signed!.scheme, publicKey, toSigned(randoms, parameters!), signed!.signature)
}

/** Gives the premaster secret. */
function writeKeyExchange(
  { share }: ServerKeyExchange,
  suite: CipherSuite,
  { psk }: ClientHandshakeConfig,
  channel: HandshakeChannel,
): Buffer {
  const group = share && groups.find(({ id }) => id === share.group)
  if (suite.isEcdhe && group === undefined) {
    throw new DtlsError('illegal_parameter', 'the server chose a group that was not offered')
  }
  const own = group?.generate()
  const agreed = own?.agree(share!.publicKey)
  const known = suite.signedBy === undefined ? psk! : undefined
  channel.write(
    'client_key_exchange',
    encodeClientKeyExchange({
      ...(known !== undefined && { identity: Buffer.from(known.identity, 'utf8') }),
      ...(own !== undefined && { publicKey: own.publicKey }),
    }),
  )
  return known === undefined ? agreed! : pskPremaster(known.key, agreed)
}
