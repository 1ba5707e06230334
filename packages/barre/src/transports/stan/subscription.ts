import { createInbox } from '@nats-io/transport-node'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import type { Headers } from '../messages/index.ts'
import type { StanSubscribeOptions, StartPosition } from './config.ts'
import { splitHeaders } from './header-block.ts'
import * as protocol from './protocol.ts'
import { decode, encode } from './protobuf.ts'
import { ask } from './request.ts'
import type { Session, SessionSettings } from './session.ts'

/** A message that was delivered. */
export interface StanMessage {
  readonly subject: string
  /** Its place in its channel. */
  readonly sequence: number
  /** When the server got it, in milliseconds since the epoch. */
  readonly receivedAtMs: number
  /** Whether it may have been delivered before. */
  readonly redelivered: boolean
  readonly headers: Headers
  readonly data: Uint8Array
  /** Says that it is done with. Where its session is gone it is delivered again, whatever is said. */
  ack(): Promise<void>
}

/** The messages of one channel; nothing is acknowledged by itself. */
export interface StanSubscription extends AsyncIterable<StanMessage> {
  /** Ends it; a durable name keeps its place. */
  close(): Promise<void>
  /** Ends it, and forgets its durable name. */
  unsubscribe(): Promise<void>
}

/** A subscription, as the connection that keeps it needs it. */
export interface KeptSubscription extends StanSubscription {
  /** Subscribes in another session. */
  renew(session: Session): Promise<void>
}

const ackWaitDefaultSeconds = 30
const maxInFlightDefault = 1024
const nanosInSecond = 1_000_000_000

/** What a session knows the subscription by: where messages come in, and where their acknowledgements go. */
interface Place {
  readonly session: Session
  readonly inbox: string
  readonly ackInbox: Promise<string>
}

export async function openSubscription(
  nats: NatsConnection,
  subject: string,
  options: StanSubscribeOptions,
  settings: SessionSettings,
  session: Session,
): Promise<KeptSubscription> {
  const { clientId } = settings
  const timeout = settings.connectionTimeout * 1000
  const base = createInbox(settings.inboxPrefix)
  const arriving = nats.subscribe(`${base}.*`)
  let sessions = 0

  const enter = (entered: Session): Place => {
    const inbox = `${base}.${sessions++}`
    const question = { clientId, subject, inbox, ...toQuestion(options) }
    const exchange = { asks: protocol.subscribeRequest, answers: protocol.subscribeResponse, timeout }
    const asking = ask(nats, entered.subjects.subscribe, question, exchange)
    return { session: entered, inbox, ackInbox: asking.then(({ ackInbox }) => ackInbox) }
  }
  const acknowledge = async (inbox: string, sequence: number): Promise<void> => {
    // In another session the same number may be another message's.
    if (inbox !== place.inbox) return
    nats.publish(await place.ackInbox, encode(protocol.ack, { subject, sequence }))
  }
  const leave = async (by: 'unsubscribe' | 'closeSubscription'): Promise<void> => {
    const { session: left, ackInbox } = place
    const { durableName = '' } = options
    const question = { clientId, subject, ackInbox: await ackInbox, durableName }
    const exchange = { asks: protocol.unsubscribeRequest, answers: protocol.subscribeResponse, timeout }
    arriving.unsubscribe()
    await ask(nats, left.subjects[by], question, exchange)
  }
  let place = enter(session)
  try {
    await place.ackInbox
  } catch (error) {
    arriving.unsubscribe()
    throw error
  }
  return {
    async renew(renewed) {
      place = enter(renewed)
      await place.ackInbox
    },
    close: () => leave('closeSubscription'),
    unsubscribe: () => leave('unsubscribe'),
    async *[Symbol.asyncIterator]() {
      for await (const message of arriving) yield toMessage(message, acknowledge)
    },
  }
}

function toQuestion({
  durableName = '',
  queueGroup = '',
  ackWait = ackWaitDefaultSeconds,
  maxInFlight = maxInFlightDefault,
  startPosition = 'new',
}: StanSubscribeOptions): object {
  return { durableName, queueGroup, ackWaitSeconds: ackWait, maxInFlight, ...toStart(startPosition) }
}

/** The numbers are those of the protocol's StartPosition. */
function toStart(position: StartPosition): object {
  if (typeof position === 'string') return { startPosition: { new: 0, last: 1, first: 4 }[position] }
  if ('sequence' in position) return { startPosition: 3, startSequence: position.sequence }
  return { startPosition: 2, startDeltaNanos: position.secondsAgo * nanosInSecond }
}

function toMessage(
  { subject: inbox, data: bytes }: Msg,
  acknowledge: (inbox: string, sequence: number) => Promise<void>,
): StanMessage {
  const { subject, sequence, timestampNanos, redelivered, data } = decode(protocol.delivered, bytes)
  const { headers, body } = splitHeaders(data)
  return {
    subject,
    sequence,
    receivedAtMs: Math.floor(timestampNanos / 1_000_000),
    redelivered: redelivered !== 0,
    headers,
    data: body,
    ack: () => acknowledge(inbox, sequence),
  }
}
