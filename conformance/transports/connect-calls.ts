import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { create, createFileRegistry, fromJson, toJson } from '@bufbuild/protobuf'
import type { DescService, JsonObject } from '@bufbuild/protobuf'
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  StructSchema,
  file_google_protobuf_struct,
} from '@bufbuild/protobuf/wkt'
import type { Struct } from '@bufbuild/protobuf/wkt'
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect'
import { principalOf } from 'barre/connect'
import type { Answer, Place, Sent, Served } from '../harness/kit.ts'
import { defineMethod, pathOf, toBytes, toFrame } from './grpc-calls.ts'
import { nextChallenge, openRequest, publicOrigin } from './over-http.ts'

type MethodRow = readonly [service: string, name: string, clientStreaming: boolean, serverStreaming: boolean]

/** Services of the package `test` as Connect describes them, in the order of their rows; messages are JSON. */
export function describeMethods(rows: readonly MethodRow[]): readonly DescService[] {
  const message = `.${StructSchema.typeName}`
  const file = create(FileDescriptorProtoSchema, {
    name: 'test.proto',
    package: 'test',
    syntax: 'proto3',
    dependency: [file_google_protobuf_struct.proto.name],
    service: [...Map.groupBy(rows, ([service]) => service)].map(([name, methods]) => ({
      name,
      method: methods.map(([, method, clientStreaming, serverStreaming]) => ({
        name: method,
        inputType: message,
        outputType: message,
        clientStreaming,
        serverStreaming,
      })),
    })),
  })
  const set = create(FileDescriptorSetSchema, { file: [file_google_protobuf_struct.proto, file] })
  return [...createFileRegistry(set)].filter((described) => described.kind === 'service')
}

/** The services of the gRPC kit, with a method for each resource. */
export function describeServices(names: readonly string[]): readonly DescService[] {
  return describeMethods(
    (['read', 'look', 'write'] as const).flatMap((verb) => {
      const service = pathOf(verb, '').slice('/test.'.length, -1)
      const { requestStream, responseStream } = defineMethod(verb, '')
      return names.map((name) => [service, name, requestStream, responseStream] as const)
    }),
  )
}

export function toStruct(content: object): Struct {
  return fromJson(StructSchema, JSON.parse(JSON.stringify(content)) as JsonObject)
}

/** Adds the three services. */
export function addServices(router: ConnectRouter, names: readonly string[], handle: Served['handle']): void {
  const answer = (context: HandlerContext, sent?: Struct): Struct =>
    toStruct(handle(principalOf(context), sent === undefined ? undefined : toJson(StructSchema, sent)))
  const implementations = [
    (sent: Struct, context: HandlerContext) => answer(context, sent),
    async function* (_sent: Struct, context: HandlerContext) {
      yield answer(context)
    },
    async (messages: AsyncIterable<Struct>, context: HandlerContext) => {
      let last: Struct | undefined
      for await (const message of messages) last = message
      return answer(context, last)
    },
  ]
  for (const [index, service] of describeServices(names).entries()) {
    const methods = service.methods.map(({ localName }) => [localName, implementations[index]])
    router.service(service, Object.fromEntries(methods))
  }
}

/** Calls by Connect's own protocol. */
export async function sendConnect(port: number, place: Place, sent: Sent): Promise<Answer> {
  return (sent.verb ?? 'read') === 'read' ? sendUnary(port, place, sent) : sendStream(port, place, sent)
}

async function sendUnary(port: number, place: Place, sent: Sent): Promise<Answer> {
  const { response, body } = await exchange(port, place, sent, 'application/json', false)
  if (response.statusCode === 200) {
    return { ...toAnswer(response, body), says: 'ok', content: JSON.parse(String(body)) as unknown }
  }
  // What is no method has no body.
  const { code } = (body.length === 0 ? {} : JSON.parse(String(body))) as { readonly code?: string }
  return { ...toAnswer(response, body), says: code ?? String(response.statusCode) }
}

async function sendStream(port: number, place: Place, sent: Sent): Promise<Answer> {
  const { response, body } = await exchange(port, place, sent, 'application/connect+json', true)
  if (body.length === 0) return { ...toAnswer(response, body), says: String(response.statusCode) }
  const frames = toFrames(body)
  const end = JSON.parse(String(frames.find(({ flags }) => flags === 2)?.data)) as EndOfStream
  return { ...toAnswer(response, body, end.metadata), says: end.error?.code ?? 'ok', ...firstOf(frames) }
}

function firstOf([first]: readonly Frame[]): Pick<Answer, 'content'> {
  return first?.flags === 0 ? { content: JSON.parse(String(first.data)) as unknown } : {}
}

interface EndOfStream {
  readonly error?: { readonly code: string }
  readonly metadata?: Readonly<Record<string, readonly string[]>>
}

/** Calls by gRPC-web. */
export async function sendWeb(port: number, place: Place, sent: Sent): Promise<Answer> {
  const { response, body } = await exchange(port, place, sent, 'application/grpc-web+json', true)
  const frames = toFrames(body)
  const lines = String(frames.find(({ flags }) => flags === 0x80)?.data ?? '').split('\r\n')
  const trailers = lines.filter(Boolean).map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), [line.slice(colon + 1).trim()]] as const
  })
  const answer = toAnswer(response, body, Object.fromEntries(trailers))
  return {
    ...answer,
    says: answer.metadata('grpc-status') ?? String(response.statusCode),
    ...firstOf(frames),
  }
}

async function exchange(
  port: number,
  place: Place,
  { resource, verb = 'read', presented, query = '' }: Sent,
  contentType: string,
  isFramed: boolean,
): Promise<{ readonly response: IncomingMessage; readonly body: Buffer }> {
  const path = pathOf(verb, resource)
  const proofs = await presented.proof?.('POST', publicOrigin + path)
  const request = openRequest(port, place, presented, {
    method: 'POST',
    path: path + query,
    headers: { 'content-type': contentType, ...(proofs !== undefined && { dpop: [...proofs] }) },
  })
  const message = toBytes({ item: 'cup' })
  const frame = toFrame(message)
  if (verb === 'unfinished write') request.write(frame.subarray(0, 5))
  else request.end(isFramed ? frame : message)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = Buffer.from(await new Response(response).arrayBuffer())
  request.destroy()
  return { response, body }
}

interface Frame {
  readonly flags: number
  readonly data: Buffer
}

function toFrames(body: Buffer): readonly Frame[] {
  const frames: Frame[] = []
  for (let at = 0; at + 5 <= body.length;) {
    const end = at + 5 + body.readUInt32BE(at + 1)
    frames.push({ flags: body[at]!, data: body.subarray(at + 5, end) })
    at = end
  }
  return frames
}

/** What the headers of an answer and its trailers say. */
function toAnswer(
  { rawHeaders }: IncomingMessage,
  body: Buffer,
  trailers: EndOfStream['metadata'] = {},
): Omit<Answer, 'says'> {
  const values = new Map<string, string[]>()
  const add = (name: string, value: string): void =>
    void values.set(name, [...(values.get(name) ?? []), value])
  for (let index = 0; index < rawHeaders.length; index += 2) {
    add(rawHeaders[index]!.toLowerCase(), rawHeaders[index + 1]!)
  }
  for (const [name, list] of Object.entries(trailers)) for (const value of list) add(name, value)
  return {
    challenges: (values.get('www-authenticate') ?? []).flatMap((value) => value.split(nextChallenge)),
    metadata: (name) => values.get(name)?.[0],
    text: `${rawHeaders.join('\n')}\n${String(body)}`,
  }
}
