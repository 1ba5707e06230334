import type { Awaitable, Decision, Principal, Refusal, Rules, Services } from '../../core/index.ts'
import type { Broker, Message } from './broker.ts'
import { judge } from './judge.ts'
import { toCall } from './message-call.ts'
import { toSettings } from './options.ts'
import type { MessageOptions } from './options.ts'
import { refusedHeaders } from './refused-message.ts'

/** What a handler learns of a message beside the message. */
export interface MessageContext {
  /** Who sent it; absent where the row is open, or optional and nobody said. */
  readonly principal?: Principal
}

export type MessageHandler<Native> = (native: Native, context: MessageContext) => Awaitable<unknown>

/** Judges the messages of one consumer, and acknowledges those that are done with. */
export interface MessageGuard<Native> {
  /**
   * Handles one message. It is acknowledged when the handler has, or when it was refused and the refusal destination
   * has its copy. Rejects, and leaves it unacknowledged, with what the handler throws, when that copy could not be
   * published, and when the guard was closed meanwhile.
   */
  handle(native: Native, handler: MessageHandler<Native>): Promise<'handled' | 'refused'>
  ready(): boolean
  /** Takes no more messages, and waits for those in hand; one that waits out an outage is given back. */
  close(): Promise<void>
}

/** Makes the guard of a consumer. `rows`: what each topic, queue or subject demands. Throws ConfigError. */
export function guardMessages<Native>(
  broker: Broker<Native>,
  rules: Rules,
  options: MessageOptions,
  rows: Readonly<Record<string, unknown>>,
  services: Pick<Services, 'now' | 'log'>,
): MessageGuard<Native> {
  const settings = toSettings(options, rows, rules, broker)
  const names = [...settings.rows.keys()]
  const closing = new AbortController()

  const decide = (native: Native, message: Message): Awaitable<Decision> => {
    const row = broker.findRow(native, names)
    const policy = row === undefined ? settings.policy : settings.rows.get(row)
    if (policy === undefined) return open
    const call = toCall(message, settings.trustsTime)
    return judge({ message, call, policy, settings }, { now: () => services.now() }, closing.signal, () =>
      broker.keepWaiting?.(native),
    )
  }
  const dispose = async (native: Native, message: Message, refusal: Refusal): Promise<void> => {
    const destination = settings.refusals ?? broker.refusalsOf(native)
    const { code, detail: reason } = refusal.denial
    if (destination === undefined || destination === message.target) {
      // Published again it would come back, and so for ever.
      services.log.error({ code, reason }, 'a message of a refusal destination was refused, and dropped')
    } else {
      services.log.warn({ code, reason, destination }, 'a message was refused')
      await broker.publish(native, destination, refusedHeaders(message, refusal))
    }
    await broker.acknowledge(native)
  }
  const handleOrFail: MessageGuard<Native>['handle'] = async (native, handler) => {
    const message = broker.view(native)
    const decision = await decide(native, message)
    if (!decision.ok) {
      await dispose(native, message, decision)
      return 'refused'
    }
    const { principal } = decision
    await handler(native, principal === undefined ? {} : { principal })
    await broker.acknowledge(native)
    return 'handled'
  }
  const handle: MessageGuard<Native>['handle'] = async (native, handler) => {
    try {
      return await handleOrFail(native, handler)
    } catch (error) {
      broker.giveBack?.(native)
      throw error
    }
  }
  return tracked(handle, rules, closing)
}

const open: Decision = { ok: true, reply: [] }

/** The guard around its one verb: it knows what is in hand when it is closed. */
function tracked<Native>(
  handle: MessageGuard<Native>['handle'],
  rules: Rules,
  closing: AbortController,
): MessageGuard<Native> {
  const inHand = new Set<Promise<unknown>>()
  return {
    async handle(native, handler) {
      closing.signal.throwIfAborted()
      const handling = handle(native, handler)
      inHand.add(handling)
      try {
        return await handling
      } finally {
        inHand.delete(handling)
      }
    },
    ready: () => rules.ready(),
    async close() {
      closing.abort(new Error('the guard of the consumer was closed'))
      await Promise.allSettled(inHand)
      await rules.close()
    },
  }
}
