import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { announce, chain, guard, isPromise, refuse, watch } from '../../core/index.ts'
import type { Awaitable, Call, Decision, Denial, Policy, Principal, Services } from '../../core/index.ts'
import type { Params } from '../http/index.ts'
import { toClose } from './close-code.ts'
import { isInBand, readAuthenticate } from './in-band.ts'
import type { InBandAnswer } from './in-band.ts'
import { gateMessages } from './message-gate.ts'
import type { WebSocketSettings } from './options.ts'

/** How often a connection may be told that its new credential cannot be judged now, before it is closed. */
export const inBandRefusalsMax = 10

/** An open connection, as its handler sees it. */
export interface SocketContext {
  /** The row of `resources` that matched. */
  readonly route: string
  readonly params: Params
  /** The request that opened it. */
  readonly request: IncomingMessage
  /** Who is calling now: the credential may have been renewed. Absent until, or unless, somebody authenticates. */
  readonly principal: Principal | undefined
  /** Whether the resource wants a principal. */
  readonly mustAuthenticate: boolean
  /**
   * Presents a credential in the caller's name: an Authorization value that came in a message. The refusal, if it is
   * one, has closed the connection, but for an outage while the old credential is still good.
   */
  authenticate(authorization: string): Awaitable<Denial | undefined>
  /** Refuses the caller: closes the connection with the code of this denial. */
  end(denial: Denial): void
}

/** What a session is made of. */
export interface Opened {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  readonly call: Call
  readonly route: string
  readonly params: Params
  /** `undefined`: open. */
  readonly policy: Policy | undefined
  readonly principal: Principal | undefined
  /** The view of a credential that comes later. */
  readonly callFor: (authorization: string, signal: AbortSignal) => Call
  /** Gives back the place among the connections without a principal. */
  readonly release: () => void
}

type SessionServices = Pick<Services, 'now' | 'revocations'>

/** Ends the connection when its credential ends, and lets through what the caller may send. */
export class Session implements SocketContext {
  readonly route: string
  readonly params: Params
  readonly request: IncomingMessage
  readonly #opened: Opened
  readonly #settings: WebSocketSettings
  readonly #services: SessionServices
  #hasEnded = false
  /** Ends the judging of a credential that came in a message. */
  #deciding: AbortController | undefined
  #principal: Principal | undefined
  #unwatch: () => void = ignore
  #refusals = 0

  constructor(opened: Opened, settings: WebSocketSettings, services: SessionServices) {
    this.route = opened.route
    this.params = opened.params
    this.request = opened.request
    this.#opened = opened
    this.#settings = settings
    this.#services = services
    gateMessages(opened.socket, (message, isBinary) => this.#lets(message, isBinary))
    opened.socket.once('close', () => this.#stop())
    if (opened.principal !== undefined) this.#adopt(opened.principal)
    else if (this.mustAuthenticate) this.#awaitPrincipal()
  }

  get principal(): Principal | undefined {
    return this.#principal
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  authenticate(authorization: string): Awaitable<Denial | undefined> {
    const { policy, callFor } = this.#opened
    if (policy === undefined || this.hasEnded)
      return refuse('invalid', 'the connection takes no credential').denial
    if (this.#deciding !== undefined)
      return this.#refuse(refuse('throttled', 'one credential at a time').denial)
    this.#deciding = new AbortController()
    const decision = guard(policy, callFor(authorization, this.#deciding.signal))
    return chain(decision, (known) => {
      this.#deciding = undefined
      return this.#settle(known)
    })
  }

  end(denial: Denial): void {
    if (this.hasEnded) return
    announce(this.#opened.call, toRefusal(denial))
    this.#stop()
    const { code, reason } = toClose(denial)
    this.#opened.socket.close(code, reason)
  }

  get mustAuthenticate(): boolean {
    const { policy } = this.#opened
    return policy !== undefined && !policy.optional
  }

  #awaitPrincipal(): void {
    const timer = setTimeout(() => {
      if (this.#principal === undefined) this.end(refuse('missing', 'nobody authenticated in time').denial)
    }, this.#settings.initTimeoutMs)
    timer.unref()
    this.#unwatch = () => clearTimeout(timer)
  }

  #adopt(principal: Principal): void {
    this.#unwatch()
    this.#principal = principal
    this.#opened.release()
    // The watch may end the connection at once, before it has given its disposer.
    const unwatch = watch(principal, (denial) => this.end(denial), this.#services)
    if (this.hasEnded) unwatch()
    else this.#unwatch = unwatch
  }

  #stop(): void {
    this.#hasEnded = true
    this.#deciding?.abort()
    this.#unwatch()
    this.#opened.release()
  }

  /** What a decision on a new credential means for the connection. */
  #settle(decision: Decision): Denial | undefined {
    if (this.hasEnded) return refuse('invalid', 'the connection has ended').denial
    if (!decision.ok) return this.#refuse(decision.denial)
    const { principal } = decision
    if (principal === undefined) return this.#refuse(refuse('missing', 'no credential was sent').denial)
    // A connection belongs to who opened it: what it has done so far was done in that name.
    if (this.#principal !== undefined && this.#principal.id !== principal.id) {
      return this.#refuse(refuse('invalid', "the new credential is another caller's").denial)
    }
    this.#adopt(principal)
    return undefined
  }

  /** An outage, or a caller in a hurry, does not end what is still good. */
  #refuse(denial: Denial): Denial {
    const isPassing = denial.code === 'unavailable' || denial.code === 'throttled'
    if (isPassing && this.#principal !== undefined && this.#refusals < inBandRefusalsMax) this.#refusals++
    else this.end(denial)
    return denial
  }

  #lets(message: Buffer, isBinary: boolean): boolean {
    if (this.hasEnded) return false
    const { inBand, messages } = this.#settings
    if (inBand !== undefined && !isBinary && isInBand(message)) {
      this.#takeCredential(message)
      return false
    }
    const denial = this.#judgeState()
    if (denial !== undefined) {
      this.end(denial)
      return false
    }
    const refused = messages?.judge(message, isBinary, this.#principal)
    if (refused !== undefined) this.#refuseMessage(refused.denial, refused.type)
    return refused === undefined
  }

  #judgeState(): Denial | undefined {
    const { principal } = this
    if (principal === undefined) {
      return this.mustAuthenticate && this.#settings.inBand !== 'handler'
        ? refuse('missing', 'a message before the credential').denial
        : undefined
    }
    // The watch's timer is late where the clock was set forward.
    const isOver =
      principal.expiresAtSeconds !== undefined && !(principal.expiresAtSeconds * 1000 > this.#services.now())
    return isOver ? refuse('expired', 'the credential expired').denial : undefined
  }

  #refuseMessage(denial: Denial, type: string | undefined): void {
    const { refuseMessage } = this.#settings
    if (refuseMessage === undefined) return this.end(denial)
    announce(this.#opened.call, toRefusal(denial))
    const { code, scopes } = denial
    this.#opened.socket.send(refuseMessage({ code, ...(scopes !== undefined && { scopes }) }, type))
  }

  #takeCredential(message: Buffer): void {
    const read = readAuthenticate(message)
    if (!read.ok) return this.end(read.denial)
    const outcome = this.authenticate(read.value)
    if (isPromise(outcome)) void outcome.then((denial) => this.#answer(denial))
    else this.#answer(outcome)
  }

  #answer(denial: Denial | undefined): void {
    if (this.hasEnded) return
    const answer: InBandAnswer =
      denial === undefined
        ? { type: 'barre.authenticated' }
        : {
            type: 'barre.refused',
            code: denial.code,
            ...(denial.retryAfterSeconds !== undefined && { retryAfterSeconds: denial.retryAfterSeconds }),
          }
    this.#opened.socket.send(JSON.stringify(answer))
  }
}

function toRefusal(denial: Denial): Decision {
  return { ok: false, denial, challenges: [], reply: [] }
}

function ignore(): void {}
