import { NoRespondersError } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Services } from '../../core/index.ts'
import type { Headers } from '../messages/index.ts'
import { natsConnect } from '../nats/index.ts'
import type { NatsConfig } from '../nats/index.ts'
import { sessionShape, subjectShape, subscribeShape } from './config.ts'
import type { SessionConfig, StanConfig, StanSubscribeOptions } from './config.ts'
import { joinHeaders } from './header-block.ts'
import * as protocol from './protocol.ts'
import { ask } from './request.ts'
import { keepSession } from './session.ts'
import type { KeptSession, SessionSettings } from './session.ts'
import { StanError } from './stan-error.ts'
import { openSubscription } from './subscription.ts'
import type { KeptSubscription, StanSubscription } from './subscription.ts'

/** A session with a streaming server, on a connection to NATS of its own. */
export interface StanConnection {
  readonly clientId: string
  /** The connection underneath; it ends with this one. */
  readonly nats: NatsConnection
  /**
   * Resolves once the server has the message for certain, with the id that it was published by. Rejects where that is
   * not known: the message may be there nevertheless.
   */
  publish(
    subject: string,
    data: Uint8Array | string,
    headers?: Headers | Readonly<Record<string, string>>,
  ): Promise<string>
  subscribe(subject: string, options?: StanSubscribeOptions): Promise<StanSubscription>
  /** Ends the session, and the connection. Durable subscriptions keep their place. */
  close(): Promise<void>
}

const defaults = {
  clusterId: 'test-cluster',
  ackTimeout: 30,
  connectionTimeout: 5,
  maxPubAcksInFlight: 16_384,
  discoverPrefix: '_STAN.discover',
  pingInterval: 5,
}

const chanceBytes = 12

/**
 * Opens a connection to NATS Streaming. Its session is opened again, with its subscriptions, where the server has lost
 * it. Throws ConfigError, CredentialError, StanError, and what the library of NATS throws.
 */
export async function stanConnect(config: StanConfig, services: Services): Promise<StanConnection> {
  const { clusterId, clientId, ackTimeout, connectionTimeout, maxPubAcksInFlight, ...others } = config
  const { discoverPrefix, pingInterval, ...natsConfig } = others
  const settings = toSettings(
    { clusterId, clientId, ackTimeout, connectionTimeout, maxPubAcksInFlight, discoverPrefix, pingInterval },
    natsConfig,
    services,
  )
  const nats = await natsConnect({ connectionName: settings.clientId, ...natsConfig }, services)
  const subscriptions = new Set<KeptSubscription>()
  let kept: KeptSession
  try {
    kept = await keepSession(nats, settings, services, async () => {
      for (const subscription of subscriptions) await subscription.renew(kept.current())
    })
  } catch (error) {
    await nats.close()
    throw error
  }
  return {
    clientId: settings.clientId,
    nats,
    publish: publisher(nats, kept, settings, services),
    async subscribe(subject, options = {}) {
      const [channel, checked] = [subjectShape.check(subject, 'subject'), subscribeShape.check(options, '')]
      const opened = await openSubscription(nats, channel, checked, settings, kept.current())
      subscriptions.add(opened)
      const forget = (): unknown => subscriptions.delete(opened)
      return {
        [Symbol.asyncIterator]: () => opened[Symbol.asyncIterator](),
        close: () => (forget(), opened.close()),
        unsubscribe: () => (forget(), opened.unsubscribe()),
      }
    },
    async close() {
      const { subjects } = kept.current()
      await kept.close()
      const timeout = settings.connectionTimeout * 1000
      const exchange = { asks: protocol.closeRequest, answers: protocol.closeResponse, timeout }
      try {
        await ask(nats, subjects.close, { clientId: settings.clientId }, exchange)
      } catch (error) {
        // It finds out by itself, when nobody answers its heartbeats.
        services.log.warn({ error }, 'NATS Streaming could not be told that the session ends')
      }
      await nats.close()
    },
  }
}

function toSettings(
  given: { readonly [Name in keyof SessionConfig]: SessionConfig[Name] | undefined },
  { inboxPrefix }: NatsConfig,
  services: Services,
): SessionSettings {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const checked = sessionShape.check(present, '')
  const clientId = checked.clientId ?? `barre-${Buffer.from(services.random(chanceBytes)).toString('hex')}`
  return { ...defaults, ...checked, clientId, ...(inboxPrefix !== undefined && { inboxPrefix }) }
}

function publisher(
  nats: NatsConnection,
  kept: KeptSession,
  { clientId, ackTimeout, maxPubAcksInFlight }: SessionSettings,
  services: Services,
): StanConnection['publish'] {
  const exchange = { asks: protocol.published, answers: protocol.publishAck, timeout: ackTimeout * 1000 }
  let inFlight = 0
  return async (subject, data, headers = {}) => {
    const channel = subjectShape.check(subject, 'subject')
    if (inFlight >= maxPubAcksInFlight) {
      throw new StanError(`${maxPubAcksInFlight} messages wait for their acknowledgement: maxPubAcksInFlight`)
    }
    const listed = Symbol.iterator in headers ? headers : Object.entries(headers)
    const body = joinHeaders(listed, Buffer.from(data))
    const guid = Buffer.from(services.random(chanceBytes)).toString('hex')
    const { connectionId, subjects } = kept.current()
    inFlight++
    try {
      const message = { clientId, guid, subject: channel, data: body, connectionId }
      await ask(nats, `${subjects.publish}.${channel}`, message, exchange)
      return guid
    } catch (error) {
      if (error instanceof StanError || error instanceof NoRespondersError) kept.doubt()
      throw error
    } finally {
      inFlight--
    }
  }
}
