import { createServer as createClearServer } from 'node:http2'
import { codeToString } from '@connectrpc/connect/protocol-connect'
import { connectCodes, protect } from 'barre/connect'
import type { ConnectListener } from 'barre/connect'
import type { Answer, Place, Running, Sent, Served, TransportKit } from '../harness/kit.ts'
import { addServices, sendConnect, sendWeb } from './connect-calls.ts'
import { grpc } from './grpc.ts'
import { send as sendGrpc, serviceNames } from './grpc-calls.ts'
import { publicOrigin, run, version1 } from './over-http.ts'
import type { Version } from './over-http.ts'
import { version2 } from './over-http2.ts'

/** Connect's own protocol over HTTP/1.1: unary calls, server streams and client streams. */
export const connect: TransportKit = {
  ...grpc,
  folder: 'connect',
  publicOrigin,
  admitted: 'ok',
  unknown: '404',
  says: (code) => codeToString(connectCodes[code][0]),
  start: (served, place) => start(served, place, { ...version1, send: sendConnect }),
}

/** The same services by gRPC-web, over HTTP/1.1. */
export const connectWeb: TransportKit = {
  ...connect,
  name: 'connect by gRPC-web',
  admitted: grpc.admitted,
  says: grpc.says,
  start: (served, place) => start(served, place, { ...version1, send: sendWeb }),
}

/** The same services by gRPC, over HTTP/2. */
export const connectGrpc: TransportKit = {
  ...grpc,
  folder: 'connect',
  name: 'connect by gRPC',
  // Of HTTP, for a path that is no method.
  unknown: 'no status',
  start: (served, place) => start(served, place, { toServer, send }),
}

function start(
  { auth, resources, services, handle }: Served,
  place: Place,
  version: Version,
): Promise<Running> {
  const rows = Object.entries(resources).flatMap(([name, says]) =>
    serviceNames.map((service) => [`${service}/${name}`, says === 'service' ? true : says] as const),
  )
  const listener = protect({
    auth,
    services,
    publicOrigin,
    resources: Object.fromEntries(rows),
    routes: (router) => addServices(router, Object.keys(resources), handle),
  })
  return run(version.toServer(listener, place), place, version)
}

const toServer: Version['toServer'] = (listener, place) =>
  place.security === 'clear'
    ? createClearServer(listener as ConnectListener)
    : version2.toServer(listener, place)

function send(port: number, place: Place, sent: Sent): Promise<Answer> {
  const scheme = place.security === 'clear' ? 'http' : 'https'
  return sendGrpc(`${scheme}://127.0.0.1:${port}`, place, sent, 'application/grpc+json')
}
