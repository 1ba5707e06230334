import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { runFuzz } from '../../../../../test/fuzz.ts'
import type { Fuzz, FuzzTarget } from '../../../../../test/fuzz.ts'
import { mutateBytes } from '../../../../../test/mutate.ts'
import { clientHandshake, createDoor, DtlsError, DtlsSession, findSuite, serverHandshake } from '../index.ts'
import type { ClientHandshakeConfig, Proven, ServerHandshakeConfig, SessionOptions } from '../index.ts'
import { readRecords } from '../record.ts'

/** The same bytes in every run, so that a recorded handshake can be gone through again. */
function randomOf(name: string): (bytes: number) => Buffer {
  return (bytes) => createHash('shake256', { outputLength: bytes }).update(name).digest()
}

// Without ECDHE nothing but `randomOf` decides about a handshake.
const suites = [findSuite('PSK-AES128-GCM-SHA256')!]
const key = randomOf('key')(16)
const ends: Ends = {
  client: { suites, psk: { identity: 'sensor', key }, judge: () => undefined },
  server: { suites, pskOf: () => key },
}

interface Ends {
  readonly client: ClientHandshakeConfig
  readonly server: ServerHandshakeConfig
}

/** One end, which goes through what it is fed. */
interface Replay {
  readonly session: DtlsSession
  readonly sent: Buffer[]
  readonly heard: string[]
  outcome: 'established' | DtlsError | undefined
}

function begin(
  name: 'client' | 'server',
  first: SessionOptions['first'],
  run: (session: DtlsSession) => Promise<Proven>,
): Replay {
  const sent: Buffer[] = []
  const heard: string[] = []
  const session = new DtlsSession({
    send: (datagram) => sent.push(datagram),
    random: randomOf(name),
    datagramMaxBytes: 1232,
    retransmission: { firstMs: 600_000, maxMs: 600_000 },
    handshakeTimeoutMs: 600_000,
    ...(first !== undefined && { first }),
    onData: (data) => heard.push(data.toString()),
    onEnd: () => undefined,
  })
  const replay: Replay = { session, sent, heard, outcome: undefined }
  run(session).then(
    () => (replay.outcome = 'established'),
    (error: unknown) => (replay.outcome = error as DtlsError),
  )
  session.open()
  return replay
}

function beginClient(): Replay {
  return begin('client', undefined, (session) =>
    session.handshake((ways) => clientHandshake(ends.client, ways)),
  )
}

const door = createDoor({ now: () => 0, random: randomOf('door') })

function beginServer(knocking: Buffer): Replay {
  const knock = door.read(knocking)!
  const first = { record: knock.recordSequence, message: knock.message.sequence }
  return begin('server', first, (session) =>
    session.handshake((ways) => {
      ways.channel.remember(knock.message)
      return serverHandshake(knock.hello, ends.server, ways)
    }),
  )
}

/** What each end sent in a handshake that went well, and a message of the client's. */
interface Recording {
  readonly client: {
    readonly hello: Buffer
    readonly helloAgain: Buffer
    readonly finish: Buffer
    readonly data: Buffer
  }
  readonly server: { readonly question: Buffer; readonly answer: Buffer; readonly finish: Buffer }
}

async function recordHandshake(): Promise<Recording> {
  const client = beginClient()
  await turn()
  const [hello] = client.sent.splice(0) as [Buffer]
  const question = door.ask('here', door.read(hello)!)
  client.session.receive(question)
  await turn()
  const [helloAgain] = client.sent.splice(0) as [Buffer]
  const server = beginServer(helloAgain)
  await turn()
  const [answer] = server.sent.splice(0) as [Buffer]
  client.session.receive(answer)
  await turn()
  const [finish] = client.sent.splice(0) as [Buffer]
  server.session.receive(finish)
  await turn()
  const [last] = server.sent.splice(0) as [Buffer]
  client.session.receive(last)
  await turn()
  client.session.send(Buffer.from(genuine))
  const [data] = client.sent.splice(0) as [Buffer]
  for (const { session } of [client, server]) session.close()
  return { client: { hello, helloAgain, finish, data }, server: { question, answer, finish: last } }
}

const genuine = 'genuine'

/** Feeds an end what came before, then a changed datagram; what is no refusal of the protocol's own is a crash. */
async function follow(replay: Replay, before: readonly Buffer[], changed: Buffer): Promise<Replay> {
  for (const datagram of [...before, changed]) {
    replay.session.receive(datagram)
    await turn()
  }
  const { outcome } = replay
  const isEstablished = outcome === 'established'
  replay.session.close()
  await turn()
  replay.outcome = isEstablished ? outcome : undefined
  if (outcome instanceof DtlsError && outcome.code !== 'internal_error') return replay
  if (outcome === undefined || isEstablished) return replay
  throw outcome
}

/** Whether a handshake ended well, without the very record that proves its keys. */
function isForged({ outcome }: Replay, changed: Buffer, original: Buffer): boolean {
  const proofs = proofsOf(changed)
  return outcome === 'established' && !proofsOf(original).every((proof) => proofs.includes(proof))
}

function proofsOf(datagram: Buffer): readonly string[] {
  return readRecords(datagram)
    .filter(({ epoch }) => epoch === 1)
    .map(({ sequence, payload }) => `${sequence} ${payload.toString('hex')}`)
}

function targetsOf({ client, server }: Recording): readonly FuzzTarget<Buffer>[] {
  const { body } = door.read(client.helloAgain)!.message
  return [
    {
      name: 'a hello at the door',
      original: client.helloAgain,
      accepts(changed) {
        const knock = door.read(changed)
        return knock !== undefined && door.isKnown('here', knock) && !knock.message.body.equals(body)
      },
    },
    {
      name: "a client's last flight",
      original: client.finish,
      accepts: async (changed) =>
        isForged(await follow(beginServer(client.helloAgain), [], changed), changed, client.finish),
    },
    {
      name: "a server's question",
      original: server.question,
      accepts: async (changed) => (await follow(beginClient(), [], changed)).outcome === 'established',
    },
    {
      name: "a server's answer",
      original: server.answer,
      accepts: async (changed) =>
        (await follow(beginClient(), [server.question], changed)).outcome === 'established',
    },
    {
      name: "a server's last flight",
      original: server.finish,
      accepts: async (changed) =>
        isForged(
          await follow(beginClient(), [server.question, server.answer], changed),
          changed,
          server.finish,
        ),
    },
    {
      name: 'a message',
      original: client.data,
      async accepts(changed) {
        const { heard } = await follow(beginServer(client.helloAgain), [client.finish], changed)
        return heard.length > 1 || heard.some((text) => text !== genuine)
      },
    },
  ]
}

/** Changes each datagram of a handshake and of a connection; what is thrown is a crash. */
export const fuzzDtls: Fuzz = async (count, seed) => {
  const recording = await recordHandshake()
  const { helloAgain, finish, data } = recording.client
  const { heard } = await follow(beginServer(helloAgain), [finish], data)
  if (heard.join() !== genuine) throw new Error('a recording that cannot be gone through again tries nothing')
  return runFuzz(targetsOf(recording), mutateBytes, count, seed)
}
