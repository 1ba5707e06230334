import { once } from 'node:events'
import { createServer } from 'node:https'
import { WebSocket } from 'ws'
import { protect } from 'barre/websocket'
import type { ProtectedSockets } from 'barre/websocket'
import type { DenialCode } from 'barre/core'
import type { Place, Presented } from '../harness/kit.ts'
import type { LiveConnection, LiveKit, RunningLive } from '../harness/live-kit.ts'
import { close } from '../harness/world.ts'
import { publicOrigin, run, tlsOptions } from '../transports/over-http.ts'

/** How a connection is closed for each denial. */
export const closeCodes: Readonly<Record<DenialCode, string>> = {
  missing: '4401',
  invalid: '4401',
  expired: '4401',
  insufficient_authentication: '4401',
  insufficient_scope: '4403',
  malformed: '4400',
  throttled: '4429',
  unavailable: '4503',
}

/** WebSockets over TLS, with credentials renewed in messages. */
export const websocket: LiveKit = {
  folder: 'websocket',
  renewsInBand: true,
  takesProofs: true,
  says: (code) => closeCodes[code],
  async start({ auth, resource, services }, place) {
    const live = protect(
      {
        auth,
        services,
        publicOrigin,
        resources: { '/live': resource === 'service' ? true : resource },
        inBand: 'renew',
      },
      (socket, context) => {
        socket.on('message', () => socket.send(context.principal?.username ?? ''))
      },
    )
    return runLive(live, place, (url, presented) => connect(`${url}/live`, place, presented))
  },
}

/** Starts guarded WebSockets over TLS. */
export async function runLive(
  live: ProtectedSockets,
  place: Place,
  connectTo: (url: string, presented: Presented) => Promise<LiveConnection>,
): Promise<RunningLive> {
  const server = createServer(tlsOptions(place)!)
  live.attach(server)
  const { url } = await run(server, place)
  return {
    connect: (presented) => connectTo(url.replace('http', 'ws'), presented),
    async close() {
      const ends = [...live.server.clients].map((socket) => once(socket, 'close'))
      for (const socket of live.server.clients) socket.terminate()
      await Promise.all([live.close(), ...ends])
      await close(server)
    },
  }
}

async function connect(url: string, { world }: Place, presented: Presented): Promise<LiveConnection> {
  const [authorization] = presented.authorization ?? []
  const proofs = await presented.proof?.('GET', `${publicOrigin}/live`)
  const socket = new WebSocket(url, {
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(proofs !== undefined && { dpop: proofs as never }),
    },
    ca: world.authority,
    ...presented.certificate,
  })
  await once(socket, 'open')
  const ended = once(socket, 'close').then(([code]) => String(code))
  const say = async (text: string): Promise<string> => {
    socket.send(text)
    const [answer] = (await once(socket, 'message')) as [Buffer]
    return answer.toString()
  }
  return {
    ended,
    ask: () => say('who?'),
    inBand: {
      async renew(value, proof) {
        const [dpop] = (await proof?.('GET', `${publicOrigin}/live`)) ?? []
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

/** The message that presents a credential. */
export function present(authorization: string, dpop?: string): string {
  return JSON.stringify({ type: 'barre.authenticate', authorization, dpop })
}
