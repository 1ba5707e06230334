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
import type { Answer, Place, Presented, Sent, Served, Verb } from '../harness/kit.ts'
import { nextChallenge } from './over-http.ts'

/** Each verb is a service with a kind of call of its own; each resource is a method of each service. */
const services: Readonly<Record<Verb, string>> = {
  read: 'test.Unary',
  look: 'test.ServerStream',
  write: 'test.ClientStream',
  'unfinished write': 'test.ClientStream',
}

export const serviceNames: readonly string[] = [...new Set(Object.values(services))]

export function serviceOf(verb: Verb): string {
  return services[verb]
}

export function pathOf(verb: Verb, name: string): string {
  return `/${services[verb]}/${name}`
}

/** How a method's messages are written: as JSON. */
export const jsonMessages = {
  requestSerialize: toBytes,
  requestDeserialize: fromBytes,
  responseSerialize: toBytes,
  responseDeserialize: fromBytes,
}

/** A method as a client or a server has to know it. */
export function defineMethod(verb: Verb, name: string) {
  return {
    path: pathOf(verb, name),
    requestStream: services[verb] === services.write,
    responseStream: services[verb] === services.look,
    ...jsonMessages,
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

export function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

export function fromBytes(bytes: Buffer): unknown {
  return JSON.parse(String(bytes))
}

/** Calls over plain HTTP/2: gRPC's own client cannot send what it finds wrong. */
export async function send(
  url: string,
  place: Place,
  sent: Sent,
  contentType = 'application/grpc',
): Promise<Answer> {
  const session = await openSession(url, place, sent.presented)
  try {
    const stream = begin(session, sent, contentType)
    return await receive(stream)
  } finally {
    session.destroy()
  }
}

/** A connection over HTTP/2, on which a header can be sent twice. */
export async function openSession(
  url: string,
  { security, world }: Place,
  { certificate }: Presented,
): Promise<ClientHttp2Session> {
  const tls = security === 'clear' ? {} : { ca: world.authority, ...certificate }
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

function begin(
  session: ClientHttp2Session,
  { resource, verb = 'read', presented }: Sent,
  contentType: string,
): ClientHttp2Stream {
  const stream = session.request(headersOf(pathOf(verb, resource), presented, contentType), {
    endStream: false,
  })
  const message = toBytes({ item: 'cup' })
  if (verb === 'unfinished write') stream.write(toFrame(message).subarray(0, 5))
  else stream.end(toFrame(message))
  return stream
}

/** The headers of a call, as a list, which may name one twice. */
export function headersOf(path: string, { authorization = [] }: Presented, contentType: string): string[] {
  const headers: readonly (readonly [name: string, value: string])[] = [
    [':method', 'POST'],
    [':path', path],
    [':scheme', 'http'],
    [':authority', 'test'],
    ['content-type', contentType],
    ['te', 'trailers'],
    // Node does not show a value that ends in a space.
    ...authorization.map((value) => ['authorization', value.trimEnd()] as const),
  ]
  return headers.flat()
}

/** A message with its length before it. */
export function toFrame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
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
    // Connect joins the values of a name.
    challenges: all('www-authenticate').flatMap((value) => value.split(nextChallenge)),
    metadata: (name) => all(name)[0],
    text: `${raw.join('\n')}\n${decodeURI(all('grpc-message')[0] ?? '')}\n${String(body)}`,
    ...(body.length > 5 && { content: fromBytes(body.subarray(5)) }),
  }
}
