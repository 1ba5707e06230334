import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { IncomingMessage, Server } from 'node:http'
import { WebSocket } from 'ws'
import { protect } from 'barre/websocket'
import type { ProtectedSockets } from 'barre/websocket'
import type { Answer, Place, Running, Sent, Served, TransportKit } from '../harness/kit.ts'
import { close } from '../harness/world.ts'
import { overHttp, publicOrigin, run, tlsOptions, toAnswer } from './over-http.ts'

/** WebSockets: a call is a connection, which brings one message and gets one. */
export const websocket: TransportKit = {
  ...overHttp,
  folder: 'websocket',
  admitted: '101',
  takesTrue: true,
  async start(served, place) {
    const live = serve(served)
    const tls = tlsOptions(place)
    const server = tls === undefined ? createServer() : createTlsServer(tls)
    live.attach(server)
    const running = await run(server, place)
    return { ...running, call: (sent) => send(running, place, sent), close: () => stop(live, server) }
  },
}

function serve({ auth, resources, services, handle }: Served): ProtectedSockets {
  const rows = Object.entries(resources).map(([name, says]) => [`/${name}`, says === 'service' ? true : says])
  return protect({ auth, services, publicOrigin, resources: Object.fromEntries(rows) }, (socket, context) =>
    answerOnce(socket, (sent) => handle(context.principal, sent)),
  )
}

/** Answers the one message of a connection. */
export function answerOnce(socket: WebSocket, answer: (sent: unknown) => object): void {
  socket.once('message', (data) => {
    const text = (data as Buffer).toString()
    socket.send(JSON.stringify(answer(text === '' ? undefined : JSON.parse(text))))
  })
}

async function stop(live: ProtectedSockets, server: Server): Promise<void> {
  for (const socket of live.server.clients) socket.terminate()
  await live.close()
  await close(server)
}

/** Opens a connection as it is asked, and says what came of it. */
export async function send({ url }: Pick<Running, 'url'>, { world }: Place, sent: Sent): Promise<Answer> {
  const { resource, query = '', verb = 'read', presented } = sent
  const { authorization, certificate } = presented
  const proofs = await presented.proof?.('GET', `${publicOrigin}/${resource}`)
  const socket = new WebSocket(url.replace('http', 'ws'), {
    // As it is written: a URL would be normalised before it is sent.
    finishRequest(request) {
      request.path = `/${resource}${query}`
      request.end()
    },
    // An array is sent as one header each; the types know that of other names only.
    headers: {
      ...(authorization !== undefined && { authorization: authorization as never }),
      ...(proofs !== undefined && { dpop: proofs as never }),
    },
    ca: world.authority,
    ...certificate,
  })
  // Both come in one go.
  const answers = Promise.all([once(socket, 'upgrade'), once(socket, 'open')]).then(
    ([upgrade]) => upgrade,
  ) as Promise<[IncomingMessage]>
  const refusals = once(socket, 'unexpected-response') as Promise<[unknown, IncomingMessage]>
  const answered = await Promise.race([answers, refusals])
  if (answered.length === 2) {
    const [, refusal] = answered
    return toAnswer(refusal.statusCode ?? 0, refusal.rawHeaders, await new Response(refusal).text())
  }
  socket.send(verb === 'write' ? '{"item":"cup"}' : '')
  const [message] = (await once(socket, 'message')) as [Buffer]
  socket.terminate()
  const [{ rawHeaders, headersDistinct }] = answered
  return {
    says: '101',
    challenges: [],
    metadata: (name) => headersDistinct[name]?.[0],
    text: `${rawHeaders.join('\n')}\n${message.toString()}`,
    content: JSON.parse(message.toString()) as unknown,
  }
}
