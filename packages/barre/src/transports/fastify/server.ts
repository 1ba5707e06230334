import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { intercept, nodeHttp, refuseStreams } from '../http/index.ts'
import type { Intercept } from '../http/index.ts'

/** Upgrades on their way through Fastify's router, with what hands them to their listeners. */
const upgrades = new WeakMap<IncomingMessage, () => void>()
/** Responses whose client waits for `100 Continue`. */
const waiting = new WeakSet<ServerResponse>()

/** Guards what reaches a server beside Fastify's routes: upgrade and CONNECT listeners, and bodies sent too early. */
export function guardServer(instance: FastifyInstance): void {
  const { server } = instance
  const throughRouter: Intercept = (proceed, request, socket) => {
    routeUpgrade(instance, request as IncomingMessage, socket as Socket, proceed)
    return true
  }
  intercept(
    server,
    new Map([
      ['upgrade', throughRouter],
      ['connect', refuseStreams(throughRouter)],
    ]),
  )
  if (server.listenerCount('checkContinue') > 0) return
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(response)
    server.emit('request', request, response)
  })
}

/** Asks for the body of an admitted request; refused ones are answered without it. */
export function continueBody(response: ServerResponse): void {
  if (waiting.delete(response)) response.writeContinue()
}

/** How to hand an upgrade over, once: a listener may route the same request again, and is then guarded again. */
export function takeUpgrade(request: IncomingMessage): (() => void) | undefined {
  const handOver = upgrades.get(request)
  if (handOver !== undefined) upgrades.delete(request)
  return handOver
}

/** Fastify's own router finds the route whose `auth` holds, so that no second router can disagree with it. */
function routeUpgrade(
  instance: FastifyInstance,
  request: IncomingMessage,
  socket: Socket,
  proceed: () => boolean,
): void {
  socket.on('error', ignore)
  const response = new (nodeHttp().ServerResponse)(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.on('finish', () => {
    response.detachSocket(socket)
    socket.resume()
    socket.end(() => socket.destroy())
  })
  upgrades.set(request, () => {
    response.detachSocket(socket)
    socket.removeListener('error', ignore)
    if (!socket.destroyed) proceed()
  })
  instance.routing(request, response)
}

function ignore(): void {}
