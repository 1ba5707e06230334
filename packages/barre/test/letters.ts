import { compileAuth } from '../src/auth/index.ts'
import { ok, refuse, toPrincipal } from '../src/core/index.ts'
import type { Call, DenialCode, Principal, Provider, Result } from '../src/core/index.ts'
import { guardMessages } from '../src/transports/messages/index.ts'
import type { Broker, Headers, MessageGuard, MessageOptions } from '../src/transports/messages/index.ts'
import { fakeServices } from './fake-services.ts'
import type { Logged } from './fake-services.ts'

/** A message of a broker that lives in a test. */
export interface Letter {
  readonly topic: string
  readonly headers?: Iterable<readonly [name: string, value: string]>
  readonly receivedAtMs?: number
}

export const startMs = 1_800_000_000_000

/** A letter that says this in its authorization. */
export function from(word: string, more: Partial<Letter> = {}): Letter {
  return { topic: 'orders', headers: [['authorization', word]], ...more }
}

/** A broker, a guard of its consumer, and what came of letters. */
export class PostOffice {
  nowMs = startMs
  /** How much later it is each time that somebody looks. */
  stepMs = 0
  cannotPublish = false
  readonly seen: Call[] = []
  readonly published: { readonly destination: string; readonly headers: Headers }[] = []
  readonly acknowledged: Letter[] = []
  readonly givenBack: Letter[] = []
  readonly logged: Logged[] = []

  readonly services = fakeServices(() => (this.nowMs += this.stepMs), this.logged)

  readonly broker: Broker<Letter> = {
    rows: 'topics',
    keepsTime: true,
    view: ({ topic, headers = [], receivedAtMs }) => ({
      target: topic,
      headers,
      payload: Buffer.from('body'),
      delivery: { again: false },
      ...(receivedAtMs !== undefined && { receivedAtMs }),
    }),
    findRow: ({ topic }, rows) => rows.find((row) => row === topic),
    refusalsOf: ({ topic }) => (topic.endsWith('.refused') ? undefined : `${topic}.refused`),
    publish: (_letter, destination, headers) => {
      if (this.cannotPublish) return Promise.reject(new Error('the broker is full'))
      this.published.push({ destination, headers })
      return Promise.resolve()
    },
    acknowledge: (letter) => void this.acknowledged.push(letter),
    giveBack: (letter) => void this.givenBack.push(letter),
  }

  /** Says what the letter's authorization says: that it is alice, or a code. */
  readonly #spoken: Provider<string> = {
    schemes: ['Bearer'],
    read: (call) => {
      this.seen.push(call)
      const [value] = call.metadata('authorization')
      return value === undefined ? undefined : ok(value)
    },
    verify: (word): Result<{ principal: Principal }> =>
      word === 'alice'
        ? ok({ principal: toPrincipal({ id: word, username: word, scheme: 'Bearer', scopes: ['read'] }) })
        : refuse(word as DenialCode, 'the detail'),
    challenges: () => [],
  }

  guard(
    options: MessageOptions = {},
    rows: Readonly<Record<string, unknown>> = {},
    broker: Broker<Letter> = this.broker,
  ): MessageGuard<Letter> {
    const rules = compileAuth([{ provider: this.#spoken }], this.services)
    return guardMessages(broker, rules, options, rows, this.services)
  }

  /** The name of the letter's sender, `somebody` without one; `undefined` when it was refused. */
  async handle(letter: Letter, guard: MessageGuard<Letter> = this.guard()): Promise<string | undefined> {
    let username: string | undefined
    const outcome = await guard.handle(letter, (_, { principal }) => {
      username = principal?.username ?? 'somebody'
    })
    return outcome === 'handled' ? username : undefined
  }
}
