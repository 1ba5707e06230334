import type { Server } from 'node:net'
import type { Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { WsAdapter } from '@nestjs/platform-ws'
import { WebSocketGateway } from '@nestjs/websockets'
import type { WebSocket } from 'ws'
import { Auth, barre, guardSockets } from 'barre/nest'
import type { Principal } from 'barre/core'
import type { Answer, Place, Running, Sent, Served, TransportKit } from '../harness/kit.ts'
import { toService } from '../harness/nest-service.ts'
import { publicOrigin, tlsOptions, toRunning } from './over-http.ts'
import { answerOnce, send, websocket } from './websocket.ts'

/** Of a path that no gateway has Nest ends the connection, without a word. */
const closed: Answer = { says: 'closed', challenges: [], metadata: () => undefined, text: '' }

/** Gateways of NestJS 12 on `ws`: a call is a connection, which brings one message and gets one. */
export const nestSockets: TransportKit = {
  ...websocket,
  folder: 'nest',
  name: 'nest WebSocket',
  unknown: closed.says,
  start,
}

async function start({ auth, resources, services, handle }: Served, place: Place): Promise<Running> {
  const providers = Object.entries(resources).map(([name, says]) => toGateway(name, says, handle))
  const tls = tlsOptions(place)
  const app = await NestFactory.create(
    toService({ imports: [barre({ auth, services, publicOrigin })], providers }),
    { abortOnError: false, logger: false, ...(tls !== undefined && { httpsOptions: tls as object }) },
  )
  try {
    app.useWebSocketAdapter(await guardSockets(app, new WsAdapter(app)))
    await app.listen(0, place.host)
  } catch (error) {
    await app.close()
    throw error
  }
  const running = toRunning(app.getHttpServer() as Server, place, () => app.close())
  const call = async (sent: Sent): Promise<Answer> =>
    send(running, place, sent).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' && !Object.hasOwn(resources, sent.resource)) return closed
      throw error
    })
  return { ...running, call }
}

/** Node runs no decorator syntax, so decorators are called. */
function toGateway(name: string, says: Served['resources'][string], handle: Served['handle']): Type {
  class Gateway {
    handleConnection(client: WebSocket & { readonly principal?: Principal }): void {
      answerOnce(client, (sent) => handle(client.principal, sent))
    }
  }
  WebSocketGateway({ path: `/${name}` })(Gateway)
  if (says !== 'service') Auth(says)(Gateway)
  return Gateway
}
