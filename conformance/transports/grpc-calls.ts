import { once } from 'node:events'
import { connect } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import type {
  sendUnaryData,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js'
import { principalOf } from 'barre/grpc'
import type { GuardedServer } from 'barre/grpc'
import type { Answer, Place, Sent, Served, Verb } from '../harness/kit.ts'

/** Each verb is a service with a kind of call of its own; each resource is a method of each service. */
const services: Readonly<Record<Verb, string>> = {
  read: 'test.Unary',
  look: 'test.ServerStream',
  write: 'test.ClientStream',
  'unfinished write': 'test.ClientStream',
}

export const serviceNames: readonly string[] = [...new Set(Object.values(services))]

/** A method as a client or a server has to know it; messages are JSON. */
export function defineMethod(verb: Verb, name: string) {
  return {
    path: `/${services[verb]}/${name}`,
    requestStream: services[verb] === services.write,
    responseStream: services[verb] === services.look,
    requestSerialize: toBytes,
    requestDeserialize: fromBytes,
    responseSerialize: toBytes,
    responseDeserialize: fromBytes,
  }
}

/** Adds the three services, with a method for each resource. */
export function addServices(server: GuardedServer, names: readonly string[], handle: Served['handle']): void {
  for (const verb of ['read', 'look', 'write'] as const) {
    const define = (name: string) => [name, defineMethod(verb, name)] as const
    const implement = (name: string) => [name, handlers(handle)[verb]] as const
    server.addService(Object.fromEntries(names.map(define)), Object.fromEntries(names.map(implement)))
  }
}

function handlers(handle: Served['handle']) {
  return {
    read: (call: ServerUnaryCall<unknown, object>, done: sendUnaryData<object>) =>
      done(null, handle(principalOf(call), call.request)),
    look(call: ServerWritableStream<unknown, object>) {
      call.write(handle(principalOf(call), undefined))
      call.end()
    },
    write(call: ServerReadableStream<unknown, object>, done: sendUnaryData<object>) {
      let last: unknown
      call.on('data', (message: unknown) => (last = message))
      call.on('end', () => done(null, handle(principalOf(call), last)))
    },
  }
}

function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function fromBytes(bytes: Buffer): unknown {
  return JSON.parse(String(bytes))
}

/** Calls over plain HTTP/2: gRPC's own client cannot send what it finds wrong. */
export async function send(url: string, place: Place, sent: Sent): Promise<Answer> {
  const session = await open(url, place, sent)
  try {
    const stream = begin(session, sent)
    return await receive(stream)
  } finally {
    session.destroy()
  }
}

async function open(url: string, { security, world }: Place, sent: Sent): Promise<ClientHttp2Session> {
  const tls = security === 'clear' ? {} : { ca: world.authority, ...sent.presented.certificate }
  const session = connect(url, { ...tls, strictSingleValueFields: false } as object)
  // What ends a TLS 1.3 handshake late, the session keeps to itself.
  const failed = new Promise<never>((_, reject) => {
    session.socket.once('error', reject)
    session.socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
  })
  // Its end after the handshake is the call's affair.
  failed.catch(() => session.destroy())
  await Promise.race([once(session, 'remoteSettings'), failed])
  return session
}

function begin(session: ClientHttp2Session, { resource, verb = 'read', presented }: Sent): ClientHttp2Stream {
  const values = presented.authorization ?? []
  // As a list, which may name a header twice.
  const headers: readonly (readonly [name: string, value: string])[] = [
    [':method', 'POST'],
    [':path', `/${services[verb]}/${resource}`],
    [':scheme', 'http'],
    [':authority', 'test'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    // Node does not show a value that ends in a space.
    ...values.map((value) => ['authorization', value.trimEnd()] as const),
  ]
  const stream = session.request(headers.flat(), { endStream: false })
  const message = toBytes({ item: 'cup' })
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  if (verb === 'unfinished write') stream.write(prefix)
  else stream.end(Buffer.concat([prefix, message]))
  return stream
}

async function receive(stream: ClientHttp2Stream): Promise<Answer> {
  const lists: string[][] = []
  const chunks: Buffer[] = []
  for (const event of ['response', 'trailers'] as const) {
    stream.on(event, (_headers: object, _flags: number, raw: string[]) => lists.push(raw))
  }
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'close')
  const raw = lists.flat()
  const all = (name: string): string[] => raw.filter((_, index) => index % 2 === 1 && raw[index - 1] === name)
  const body = Buffer.concat(chunks)
  return {
    says: all('grpc-status')[0] ?? 'no status',
    challenges: all('www-authenticate'),
    metadata: (name) => all(name)[0],
    text: `${raw.join('\n')}\n${decodeURI(all('grpc-message')[0] ?? '')}\n${String(body)}`,
    ...(body.length > 5 && { content: fromBytes(body.subarray(5)) }),
  }
}
