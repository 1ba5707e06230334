import { once } from 'node:events'
import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocket } from 'ws'
import { authDirective, guardSchema, overWebSocket } from 'barre/graphql'
import { protect } from 'barre/websocket'
import type { Principal } from 'barre/core'
import type { Place, Presented } from '../harness/kit.ts'
import type { LiveConnection, LiveKit, ServedLive } from '../harness/live-kit.ts'
import { publicOrigin } from '../transports/over-http.ts'
import { closeCodes, present, runLive } from './websocket.ts'

const protocol = 'graphql-transport-ws'

/** Subscriptions of GraphQL over graphql-ws: the credential is that of the connection. */
export const graphql: LiveKit = {
  folder: 'graphql',
  renewsInBand: true,
  takesProofs: true,
  says: (code) => closeCodes[code],
  async start({ auth, resource, services }, place) {
    const live = protect({
      auth,
      services,
      publicOrigin,
      resources: { '/graphql': resource === 'service' ? true : resource },
      subprotocols: [protocol],
      inBand: 'handler',
    })
    useServer({ schema: makeSchema(services), ...overWebSocket(live) }, live.server)
    return runLive(live, place, (url, presented) => connect(`${url}/graphql`, place, presented))
  },
}

function resolve(
  _source: unknown,
  _args: unknown,
  { principal }: { principal?: Principal },
): string | undefined {
  return principal?.username
}

function makeSchema(services: ServedLive['services']) {
  const schema = buildSchema(`${authDirective} type Query { who: String } type Subscription { who: String }`)
  Object.assign(schema.getQueryType()!.getFields()['who']!, { resolve })
  Object.assign(schema.getSubscriptionType()!.getFields()['who']!, {
    resolve,
    async *subscribe() {
      yield {}
    },
  })
  return guardSchema(schema, { services })
}

async function connect(url: string, { world }: Place, presented: Presented): Promise<LiveConnection> {
  const [authorization] = presented.authorization ?? []
  const proofs = await presented.proof?.('GET', `${publicOrigin}/graphql`)
  const socket = new WebSocket(url, protocol, {
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(proofs !== undefined && { dpop: proofs as never }),
    },
    ca: world.authority,
    ...presented.certificate,
  })
  await once(socket, 'open')
  const ended = once(socket, 'close').then(([code]) => String(code))
  const say = async (message: object | string): Promise<string> => {
    socket.send(typeof message === 'string' ? message : JSON.stringify(message))
    const [answer] = (await once(socket, 'message')) as [Buffer]
    return answer.toString()
  }
  await say({ type: 'connection_init' })
  let id = 0
  return {
    ended,
    async ask() {
      id++
      const answer = await say({
        type: 'subscribe',
        id: String(id),
        payload: { query: 'subscription { who }' },
      })
      const { payload } = JSON.parse(answer) as { payload: { data: { who: string } } }
      await once(socket, 'message')
      return payload.data.who
    },
    inBand: {
      async renew(value, proof) {
        const [dpop] = (await proof?.('GET', `${publicOrigin}/graphql`)) ?? []
        return (await say(present(value, dpop))).includes('barre.authenticated') ? 'accepted' : 'kept'
      },
      present: (value) => socket.send(present(value)),
    },
    async close() {
      socket.terminate()
      await ended
    },
  }
}
