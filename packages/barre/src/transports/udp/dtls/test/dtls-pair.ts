import { randomBytes, X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import type { CertKey } from '../../../../core/index.ts'
import { cipherSuites, clientHandshake, createDoor, DtlsSession, serverHandshake } from '../index.ts'
import type {
  ClientHandshakeConfig,
  DtlsError,
  Identity,
  Proven,
  ServerHandshakeConfig,
  SessionOptions,
} from '../index.ts'

/** One end of a connection under test. */
export interface End {
  readonly session: DtlsSession
  readonly proven: Promise<Proven>
  /** All that it received, and how it ended. */
  readonly heard: string[]
  readonly ends: (DtlsError | undefined)[]
}

export interface Pair {
  readonly client: End
  /** Absent until a ClientHello with a good cookie came. */
  server: End | undefined
  /** Every datagram that was sent, before the network did anything to it. */
  readonly sent: { readonly by: 'client' | 'server'; readonly datagram: Buffer }[]
  /** Hands a datagram over, as the network would. */
  deliver(to: 'client' | 'server', datagram: Buffer): void
}

/** What the network makes of a datagram: none, one or several, now or later. */
export type Network = (datagram: Buffer, by: 'client' | 'server', deliver: (datagram: Buffer) => void) => void

export const faithful: Network = (datagram, _by, deliver) => deliver(datagram)

const psk = randomBytes(32)

/** Handshakes by pre-shared key, which need no files. */
export const byKey: { readonly client: ClientHandshakeConfig; readonly server: ServerHandshakeConfig } = {
  client: {
    suites: cipherSuites.filter(({ signedBy }) => signedBy === undefined),
    psk: { identity: 'sensor', key: psk },
    judge: () => undefined,
  },
  server: { suites: cipherSuites, pskOf: (identity) => (identity === 'sensor' ? psk : undefined) },
}

/** Handshakes with certificates on both sides, each of which is taken for good. */
export function byCertificates(server: CertKey, client: CertKey): typeof byKey {
  return {
    client: {
      suites: cipherSuites.filter(({ signedBy }) => signedBy !== undefined),
      identity: read(client),
      judge,
    },
    server: { suites: cipherSuites, identity: read(server), clients: { isRequired: true, judge } },
  }
}

function read({ certFile, keyFile }: CertKey): Identity {
  return {
    chain: [new X509Certificate(readFileSync(certFile))],
    key: createPrivateKey(readFileSync(keyFile)),
  }
}

function judge(): void {}

function random(bytes: number): Buffer {
  return randomBytes(bytes)
}

type Options = Partial<Pick<SessionOptions, 'datagramMaxBytes' | 'handshakeTimeoutMs' | 'retransmission'>>

/** A client and a server without sockets: a datagram is delivered in a later turn of the event loop. */
export function connectPair(
  { client, server }: typeof byKey = byKey,
  network: Network = faithful,
  options: Options = {},
): Pair {
  const door = createDoor({ now: () => 0, random })
  const pair: Pair = {
    sent: [],
    server: undefined,
    client: start('client', {}, (session) => session.handshake((ways) => clientHandshake(client, ways))),
    deliver(to, datagram) {
      if (to === 'client') pair.client.session.receive(datagram)
      else if (pair.server !== undefined) pair.server.session.receive(datagram)
      else admit(datagram)
    },
  }
  return pair

  function start(
    name: 'client' | 'server',
    more: Pick<SessionOptions, 'first'>,
    handshake: (session: DtlsSession) => Promise<Proven>,
  ): End {
    const heard: string[] = []
    const ends: (DtlsError | undefined)[] = []
    const session = new DtlsSession({
      random,
      datagramMaxBytes: 1232,
      retransmission: { firstMs: 1000, maxMs: 60_000 },
      handshakeTimeoutMs: 600_000,
      ...options,
      ...more,
      send: (datagram) => void send(name, datagram),
      onData: (data) => heard.push(data.toString()),
      onEnd: (error) => ends.push(error),
    })
    const proven = handshake(session)
    // Whoever asks for it still gets the rejection.
    proven.catch(() => undefined)
    session.open()
    return { session, heard, ends, proven }
  }

  async function send(by: 'client' | 'server', datagram: Buffer): Promise<void> {
    await turn()
    pair.sent.push({ by, datagram })
    network(datagram, by, (changed) => pair.deliver(by === 'client' ? 'server' : 'client', changed))
  }

  function admit(datagram: Buffer): void {
    const knock = door.read(datagram)
    if (knock === undefined) return
    if (!door.isKnown('here', knock)) {
      void send('server', door.ask('here', knock))
      return
    }
    const first = { record: knock.recordSequence, message: knock.message.sequence }
    pair.server = start('server', { first }, (session) =>
      session.handshake((ways) => {
        ways.channel.remember(knock.message)
        return serverHandshake(knock.hello, server, ways)
      }),
    )
  }
}

/** Lets the event loop turn until something holds; gives up after so many turns. */
export async function until(holds: () => boolean, each: () => void = () => undefined): Promise<void> {
  for (let turns = 0; turns < 5000; turns++) {
    if (holds()) return
    each()
    await turn()
  }
  throw new Error('it never came')
}

/** Both ends, once they know each other. */
export async function established(pair: Pair): Promise<{ readonly client: End; readonly server: End }> {
  await pair.client.proven
  await pair.server!.proven
  return { client: pair.client, server: pair.server! }
}
