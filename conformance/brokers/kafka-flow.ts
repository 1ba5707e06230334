import { setTimeout as delay } from 'node:timers/promises'
import { Consumer, Producer } from '@platformatic/kafka'
import { clientOptions } from 'barre/kafka'
import type { ClientAuthConfig } from 'barre/auth'
import type { ClientSecureSocket } from 'barre/core'
import type { RestartableServer } from '../../tools/servers/index.ts'
import { Arrivals, insist } from './arrivals.ts'
import type { Flow } from './kit.ts'
import type { TokenService } from './token-service.ts'
import type { BrokerWorld } from './world.ts'

export const flowTopic = 'flow'
const audience = 'kafka'

/** What the flows of both libraries have in common: the broker, and the tokens of one source. */
export interface FlowGround {
  readonly server: RestartableServer
  readonly auth: ClientAuthConfig
  readonly secureSocket: ClientSecureSocket
  readonly told: Pick<Flow, 'issued' | 'taken'>
}

export function toGround(
  { secureSocket }: BrokerWorld,
  tokens: TokenService,
  server: RestartableServer,
): FlowGround {
  const before = server.printed().length
  const told = {
    issued: () => tokens.issuedTo(audience),
    taken: () => Promise.resolve(expiries(server.printed().slice(before)).size),
  }
  return { server, auth: tokens.grant(audience), secureSocket, told }
}

/** A flow by OAUTHBEARER with @platformatic/kafka. */
export async function openFlow({ server, auth, secureSocket, told }: FlowGround): Promise<Flow> {
  const { options, close } = clientOptions({
    bootstrapServers: `localhost:${server.ports['sasl']}`,
    auth,
    secureSocket,
  })
  const client = { clientId: 'flow', ...options, requestTimeout: 2000, timeout: 2000 }
  // Without attempts of its own, which nobody could count.
  const producer = new Producer({ ...client, retries: 0 })
  let lost = 0
  const onLost = (): void => void lost++
  producer.on('client:broker:disconnect', onLost)
  const arrivals = new Arrivals()
  const reading = read({ ...client, retries: true, retryDelay: 100 }, arrivals, onLost)
  return {
    arrivals,
    ...told,
    lost: () => lost,
    publish: (id) =>
      insist((attempt) => {
        const [key, value] = [Buffer.from(`${id}/${attempt}`), Buffer.from(`${id}`)]
        return producer.send({ messages: [{ topic: flowTopic, key, value }], acks: -1 })
      }),
    async close() {
      await reading.stop()
      await producer.close()
      await close()
    },
  }
}

/** When the credentials end that the broker tells that it has taken. */
function expiries(printed: string): ReadonlySet<string> {
  const told = printed.matchAll(/Authentication complete;.* credential expiration=([^(]+) \(/g)
  return new Set([...told].map(([, expiry = '']) => expiry))
}

type ClientOptions = Omit<ConstructorParameters<typeof Consumer>[0], 'groupId'>

/** Reads on, with another consumer where the last one has ended: that begins with what was not committed. */
function read(client: ClientOptions, arrivals: Arrivals, onLost: () => void): { stop(): Promise<void> } {
  const state = { isStopped: false, isAgain: false, end: async () => {} }
  const loop = async (): Promise<void> => {
    while (!state.isStopped) {
      const consumer = new Consumer({ ...client, groupId: 'flow', autocommit: false })
      consumer.on('error', () => undefined)
      consumer.on('client:broker:disconnect', onLost)
      try {
        const stream = await consumer.consume({
          topics: [flowTopic],
          mode: 'committed',
          fallbackMode: 'earliest',
          maxWaitTime: 100,
          sessionTimeout: 3000,
          heartbeatInterval: 500,
        })
        state.end = () => stream.close()
        for await (const message of stream) {
          const copy = String(message.key)
          arrivals.add(Number(String(message.value)), copy, state.isAgain)
          await message.commit()
          arrivals.done(copy)
        }
      } catch {
        await delay(100)
      } finally {
        await consumer.close(true).catch(() => undefined)
      }
      state.isAgain = true
    }
  }
  const looping = loop()
  return {
    async stop() {
      state.isStopped = true
      await state.end()
      await looping
    },
  }
}
