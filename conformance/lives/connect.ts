import type { HandlerContext } from '@connectrpc/connect'
import { codeToString } from '@connectrpc/connect/protocol-connect'
import { connectCodes, principalOf, protect } from 'barre/connect'
import type { LiveKit } from '../harness/live-kit.ts'
import { describeMethods, toStruct } from '../transports/connect-calls.ts'
import { publicOrigin, run } from '../transports/over-http.ts'
import { version2 } from '../transports/over-http2.ts'
import { grpc } from './grpc.ts'
import { openStream } from './rpc-stream.ts'

/** Bidirectional streams of Connect, by its own protocol. */
export const connect: LiveKit = {
  folder: 'connect',
  renewsInBand: false,
  takesProofs: true,
  says: (code) => codeToString(connectCodes[code][0]),
  start: (served, place) => start(served, place, 'application/connect+json'),
}

/** The same streams by gRPC. */
export const connectGrpc: LiveKit = {
  ...connect,
  name: 'connect by gRPC',
  says: grpc.says,
  start: (served, place) => start(served, place, 'application/grpc+json'),
}

async function* who(messages: AsyncIterable<unknown>, context: HandlerContext) {
  for await (const _ of messages) yield toStruct({ name: principalOf(context)?.username })
}

async function start(
  { auth, resource, services }: Parameters<LiveKit['start']>[0],
  place: Parameters<LiveKit['start']>[1],
  contentType: string,
): ReturnType<LiveKit['start']> {
  const [service] = describeMethods([['Live', 'who', true, true]])
  const listener = protect({
    auth,
    services,
    publicOrigin,
    resources: { 'test.Live': resource === 'service' ? true : resource },
    routes: (router) => router.service(service!, { who } as object),
  })
  const running = await run(version2.toServer(listener, place), place, version2)
  return {
    connect: (presented) => openStream(running.url, place, presented, contentType),
    close: () => running.close(),
  }
}
