import { createInbox } from '@nats-io/transport-node'
import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import type { Services } from '../../core/index.ts'
import { pause } from '../messages/index.ts'
import type { SessionConfig } from './config.ts'
import * as protocol from './protocol.ts'
import type { Decoded } from './protobuf.ts'
import { ask } from './request.ts'
import { StanError } from './stan-error.ts'

/** What the server and we agreed on: it knows us by the connection id, and listens on these subjects. */
export interface Session {
  readonly connectionId: Uint8Array
  readonly subjects: Decoded<typeof protocol.connectResponse>
}

/** A session that is opened again where the server has forgotten it. */
export interface KeptSession {
  current(): Session
  /** Something spoke against it: the server is asked at once. */
  doubt(): void
  close(): Promise<void>
}

export interface SessionSettings extends Required<SessionConfig> {
  readonly inboxPrefix?: string
}

/** How many questions may stay without an answer before the session counts as lost. */
const pingMaxOut = 3
/** The protocol version in which clients ask whether they are still known. */
const protocolVersion = 1
const connectionIdBytes = 16
/** The pauses between attempts to open it again, in milliseconds. */
const retryFirstMs = 100
const retryMaxMs = 5_000

/** `onRenewal`: there is another session, which knows nothing of the last one's subscriptions. */
export async function keepSession(
  nats: NatsConnection,
  settings: SessionSettings,
  services: Pick<Services, 'random' | 'log'>,
  onRenewal: () => Promise<void>,
): Promise<KeptSession> {
  const closing = new AbortController()
  let heart = beat(nats, settings)
  let session = await register(nats, settings, heart, services)
  let doubts = new AbortController()

  const reopen = async (): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      // The server asks the last heart whether it still beats before it gives our name to another session.
      heart.unsubscribe()
      heart = beat(nats, settings)
      try {
        session = await register(nats, settings, heart, services)
        await onRenewal()
        return
      } catch (error) {
        services.log.warn({ error }, 'NATS Streaming cannot be reached yet')
      }
      await pause(Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(attempt, 16)), closing.signal)
    }
  }
  const watch = async (): Promise<void> => {
    let unanswered = 0
    while (!closing.signal.aborted) {
      await settle(
        pause(session.subjects.pingSeconds * 1000, AbortSignal.any([closing.signal, doubts.signal])),
      )
      if (closing.signal.aborted) return
      // Whoever doubts may do so often while a server starts; silence counts at its intervals alone.
      const silence = doubts.signal.aborted ? 0 : 1
      doubts = new AbortController()
      const state = await check(nats, session, settings)
      unanswered = state === 'silent' ? unanswered + silence : 0
      if (state !== 'forgotten' && unanswered < session.subjects.pingMaxOut) continue
      services.log.warn({ cluster: settings.clusterId }, 'NATS Streaming has lost our session')
      await settle(reopen())
      unanswered = 0
    }
  }
  const watching = watch()
  void doubtReconnections(nats, () => doubts.abort())
  void nats.closed().then(() => closing.abort())
  return {
    current: () => session,
    doubt: () => doubts.abort(),
    async close() {
      closing.abort()
      await watching
      heart.unsubscribe()
    },
  }
}

/** Answers the server, which asks whether we are still there. */
function beat(nats: NatsConnection, { inboxPrefix }: SessionSettings): Subscription {
  return nats.subscribe(createInbox(inboxPrefix), { callback: (_error, message) => void message.respond() })
}

async function register(
  nats: NatsConnection,
  { clusterId, clientId, discoverPrefix, connectionTimeout, pingInterval }: SessionSettings,
  heart: Subscription,
  { random }: Pick<Services, 'random'>,
): Promise<Session> {
  const connectionId = random(connectionIdBytes)
  const subjects = await ask(
    nats,
    `${discoverPrefix}.${clusterId}`,
    {
      clientId,
      heartbeatInbox: heart.getSubject(),
      protocol: protocolVersion,
      connectionId,
      pingSeconds: pingInterval,
      pingMaxOut,
    },
    { asks: protocol.connectRequest, answers: protocol.connectResponse, timeout: connectionTimeout * 1000 },
  )
  return { connectionId, subjects }
}

async function check(
  nats: NatsConnection,
  { connectionId, subjects }: Session,
  { connectionTimeout }: SessionSettings,
): Promise<'known' | 'forgotten' | 'silent'> {
  const timeout = connectionTimeout * 1000
  try {
    await ask(
      nats,
      subjects.ping,
      { connectionId },
      { asks: protocol.ping, answers: protocol.pingResponse, timeout },
    )
    return 'known'
  } catch (error) {
    return error instanceof StanError ? 'forgotten' : 'silent'
  }
}

/** A server that NATS has found again may be another one than before. */
async function doubtReconnections(nats: NatsConnection, doubt: () => void): Promise<void> {
  for await (const { type } of nats.status()) if (type === 'reconnect') doubt()
}

async function settle(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => undefined)
}
