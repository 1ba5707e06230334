import { createServices } from 'barre/auth'
import type { Log, Result } from 'barre/core'
import { client, startIdentityProvider } from './identity-provider.ts'
import type { Dependent } from './dependents.ts'
import type { Fault, IdentityProvider } from './identity-provider.ts'

/** What a fault does to one dependent. */
export interface Outcome {
  /** What a caller gets who has to wait for the provider: `ok`, or a denial's code. */
  readonly first: string
  /** What was logged meanwhile: level and message, each once. */
  readonly logged: string
  /** How many requests reached the provider meanwhile. */
  readonly requests: number
  /** What a caller gets while something good from before the fault is at hand. */
  readonly later: string
  /** The same, a minute after the provider has come to its senses. */
  readonly recovered: string
}

/** How long an endless answer is waited for, in seconds; whatever ends by itself has the usual time. */
const endlessSeconds = 1
const usualSeconds = 5
/** When the token of a token manager is due for renewal, and its holder asks again. */
const laterMs = 95_000
const recoveryMs = 61_000

/** Tries one fault on a dependent that starts with it, and on one that had a good start. */
export async function tryFault(dependent: Dependent, fault: Fault): Promise<Outcome> {
  const patience = fault.isEndless === true ? endlessSeconds : usualSeconds
  const cold = await start(dependent, fault, patience)
  const warm = await start(dependent, fault, usualSeconds)
  try {
    cold.putIn()
    const first = await cold.ask()
    const logged = [...new Set(cold.lines)].join('; ')
    const requests = cold.provider.requests(dependent.endpoint)
    await warm.ask()
    warm.putIn()
    warm.pass(laterMs)
    const later = await warm.ask()
    warm.mend()
    warm.pass(recoveryMs)
    const recovered = await warm.ask()
    const said = [...cold.lines, ...warm.lines, ...cold.fields, ...warm.fields].join(' ')
    if (said.includes(client.secret) || said.includes('opaque'))
      throw new Error(`a secret was logged: ${said}`)
    return { first, logged, requests, later, recovered }
  } finally {
    await Promise.all([cold.close(), warm.close()])
  }
}

interface Trial {
  readonly provider: IdentityProvider
  readonly lines: readonly string[]
  readonly fields: readonly string[]
  putIn(): void
  mend(): void
  pass(ms: number): void
  ask(): Promise<string>
  close(): Promise<void>
}

async function start(dependent: Dependent, fault: Fault, reqTimeout: number): Promise<Trial> {
  let nowMs = 1_800_000_000_000
  const lines: string[] = []
  const fields: string[] = []
  const write = (level: keyof Log) => (more: object, message: string) => {
    lines.push(`${level}: ${message}`)
    fields.push(JSON.stringify(more))
  }
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const provider = await startIdentityProvider(() => nowMs)
  const services = createServices({ now: () => nowMs, log })
  let running: ReturnType<Dependent['make']> | undefined
  return {
    provider,
    lines,
    fields,
    putIn() {
      if (fault.respond !== undefined) provider.fault = { at: dependent.endpoint, kind: fault }
      fault.disturb?.(provider)
    },
    mend: () => provider.mend(),
    pass: (ms) => void (nowMs += ms),
    async ask() {
      // Made at the first question: some ask their provider as soon as they are there.
      running ??= dependent.make(provider, services, reqTimeout)
      return describe(await running.ask())
    },
    async close() {
      // First: what still waits for an answer would be waited for.
      provider.close()
      await running?.close()
    },
  }
}

function describe(result: Result<unknown>): string {
  if (result.ok) return 'ok'
  const { code, retryAfterSeconds } = result.denial
  return retryAfterSeconds === undefined ? code : `${code}, retry in ${retryAfterSeconds} s`
}
