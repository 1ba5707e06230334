import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { decisions, systemClock } from 'barre/core'
import type { Decision, DecisionEvent, DenialCode, Principal } from 'barre/core'
import type { Answer, Place, Running, Security, Sent, Served, TransportKit } from './kit.ts'

/** One wire of a kit, as it is secured. */
export interface Wire {
  readonly name: string
  readonly kit: TransportKit
  readonly security: Security
}

/** Every wire of these kits that asks for client certificates without insisting, and in clear text. */
export function toWires(kits: readonly TransportKit[]): readonly Wire[] {
  return kits.flatMap((kit) =>
    kit.securities
      .filter((security) => security !== 'required certificate')
      .map((security) => ({
        name: security === 'clear' ? nameOf(kit) : `${nameOf(kit)} over TLS`,
        kit,
        security,
      })),
  )
}

export function nameOf({ name, folder }: Pick<TransportKit, 'name' | 'folder'>): string {
  return name ?? folder
}

/** What came of a call. */
export interface Observed<A = Answer> {
  readonly answer: A
  /** The last decision that was published during the call. */
  readonly decision: Decision | undefined
  /** How often the handler was reached. */
  readonly handled: number
  /** What the handler saw, as plain data. */
  readonly principal: Seen | undefined
  readonly sent: unknown
}

/** A principal as the handler sees it, and whether the handler could change it. */
interface Seen {
  readonly id: string
  readonly username: string
  readonly scheme: string
  readonly scopes: readonly string[]
  readonly changed: readonly string[]
}

/** A service under test: it counts what reaches its handler. */
export interface Service {
  readonly kit: TransportKit
  readonly url: string
  /** Sends a call, while the service's clock is so much ahead of the machine's. */
  probe(sent: Sent, aheadMs?: number): Promise<Observed>
  /** Watches the service while something else calls it. */
  observe<A>(call: () => Promise<A>): Promise<Observed<A>>
  close(): Promise<void>
}

const nothing: Pick<Observed, 'handled' | 'principal' | 'sent'> = {
  handled: 0,
  principal: undefined,
  sent: undefined,
}

export async function startService(
  wire: Pick<Wire, 'kit' | 'security'>,
  served: Pick<Served, 'auth' | 'resources'>,
  place: Pick<Place, 'world'> & Partial<Place>,
): Promise<Service> {
  let aheadMs = 0
  let reached = nothing
  let decision: Decision | undefined
  const running: Running = await wire.kit.start(
    {
      ...served,
      services: { now: () => systemClock() + aheadMs },
      handle(principal, sent) {
        reached = { handled: reached.handled + 1, principal: principal && see(principal), sent }
        return { answered: 'by the handler' }
      },
    },
    { host: '127.0.0.1', security: wire.security, ...place },
  )
  const listen = (message: unknown): void => {
    decision = (message as DecisionEvent).decision
  }
  const observe = async <A>(call: () => Promise<A>): Promise<Observed<A>> => {
    reached = nothing
    decision = undefined
    subscribe(decisions.name, listen)
    try {
      const answer = await call()
      return { answer, decision, ...reached }
    } finally {
      unsubscribe(decisions.name, listen)
    }
  }
  return {
    kit: wire.kit,
    url: running.url,
    observe,
    probe(sent, ahead = 0) {
      aheadMs = ahead
      return observe(() => running.call(sent))
    },
    close: () => running.close(),
  }
}

/** The call went through: once, with this principal, in the name of this entry. */
export function assertAdmitted(
  service: Service,
  observed: Observed,
  expected: { readonly username?: string; readonly entry?: string },
): void {
  assert.equal(observed.answer.says, service.kit.admitted)
  assert.equal(observed.handled, 1)
  assert.deepEqual(observed.answer.challenges, [])
  assert.equal(observed.principal?.username, expected.username)
  if (observed.principal !== undefined) assert.deepEqual(observed.principal.changed, [])
  if (expected.entry !== undefined) {
    assert.equal(observed.decision?.ok, true)
    assert.equal(observed.decision.entry, expected.entry)
  }
}

/** The call was refused for this reason: in the wire's words, before the handler, and without a word too many. */
export function assertRefused(service: Service, observed: Observed, code: DenialCode, sent: Sent): void {
  const { answer, decision } = observed
  assert.ok(decision?.ok === false, 'a refusal is published')
  assert.equal(decision.denial.code, code)
  assert.equal(observed.handled, 0, 'the handler is not reached')
  assert.equal(answer.says, service.kit.says(code, decision.challenges.length > 0))
  assertDiscreet(answer, decision.denial.detail, sent)
  const schemes = schemesOf(answer)
  assert.deepEqual(schemes, [...new Set(schemes)], 'one challenge per scheme')
  if (code === 'throttled') assert.match(answer.metadata('retry-after') ?? '', /^\d+$/)
}

/** The schemes of an answer's challenges, in lower case and in their order. */
export function schemesOf({ challenges }: Answer): readonly string[] {
  return challenges.map((challenge) => challenge.split(' ', 1)[0]!.toLowerCase())
}

function assertDiscreet({ text }: Answer, detail: string, { presented }: Sent): void {
  assert.ok(!text.includes(detail), 'the detail stays with us')
  for (const value of presented.authorization ?? []) {
    const [, credential = ''] = value.split(' ')
    assert.ok(credential.length < 8 || !text.includes(credential), 'the credential is not echoed')
  }
  assert.doesNotMatch(text, /\bat .+:\d+:\d+|node_modules|Error:/, 'no trace of the program')
}

function see(principal: Principal): Seen {
  const { id, username, scheme, scopes } = principal
  return { id, username, scheme, scopes: [...scopes], changed: changesTo(principal) }
}

/** Tries to change a principal in every way there is, and names the ways that worked. */
function changesTo(principal: Principal): readonly string[] {
  const ways: readonly (readonly [way: string, change: () => unknown])[] = [
    ['username', () => Object.assign(principal, { username: 'root' })],
    ['a new member', () => Object.assign(principal, { admin: true })],
    ['claims', () => Object.assign(principal.claims, { sub: 'root' })],
    ['the claims themselves', () => Object.assign(principal, { claims: {} })],
    ['scopes', () => (principal.scopes as Set<string>).add('admin')],
    ['scopes, by force', () => Set.prototype.add.call(principal.scopes, 'admin')],
    ['the prototype', () => Object.setPrototypeOf(principal, { admin: true })],
  ]
  return ways.filter(([, change]) => works(change)).map(([way]) => way)
}

function works(change: () => unknown): boolean {
  try {
    change()
    return true
  } catch {
    return false
  }
}
