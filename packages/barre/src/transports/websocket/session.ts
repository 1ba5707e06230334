import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { announce, chain, guard, isPromise, refuse, successionProblem, watch } from '../../core/index.ts'
import type { Awaitable, Call, Decision, Denial, Principal, Reply, Services } from '../../core/index.ts'
import type { Params } from '../http/index.ts'
import type { Admitted } from './admission.ts'
import { toClose } from './close-code.ts'
import { isInBand, readAuthenticate, toAnswerHeaders } from './in-band.ts'
import type { InBandAnswer, Presented } from './in-band.ts'
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
   * Presents a credential in the caller's name: an Authorization value that came in a message, and with a token that is
   * bound to a key a DPoP proof. The refusal, if it is one, has closed the connection, but for an outage while the old
   * credential is still good, or where it says what to try again with.
   */
  authenticate(authorization: string, dpop?: string): Awaitable<Denial | undefined>
  /** Refuses the caller: closes the connection with the code of this denial. */
  end(denial: Denial): void
}

/** What a session is made of. */
export interface Opened {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  readonly admitted: Admitted
  /** The view of a credential that comes later. */
  readonly callFor: (presented: Presented, signal: AbortSignal) => Call
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
    this.route = opened.admitted.route
    this.params = opened.admitted.params
    this.request = opened.request
    this.#opened = opened
    this.#settings = settings
    this.#services = services
    gateMessages(opened.socket, (message, isBinary) => this.#lets(message, isBinary))
    opened.socket.once('close', () => this.#stop())
    if (opened.admitted.principal !== undefined) this.#adopt(opened.admitted.principal)
    else if (this.mustAuthenticate) this.#awaitPrincipal()
  }

  get principal(): Principal | undefined {
    return this.#principal
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  authenticate(authorization: string, dpop?: string): Awaitable<Denial | undefined> {
    const presented = { authorization, ...(dpop !== undefined && { dpop }) }
    return chain(this.#present(presented), ({ denial }) => denial)
  }

  end(denial: Denial): void {
    if (this.hasEnded) return
    announce(this.#opened.admitted.call, toRefusal(denial))
    this.#stop()
    const { code, reason } = toClose(denial)
    this.#opened.socket.close(code, reason)
  }

  get mustAuthenticate(): boolean {
    const { policy } = this.#opened.admitted
    return policy !== undefined && !policy.optional
  }

  #present(presented: Presented): Awaitable<Outcome> {
    const { callFor, admitted } = this.#opened
    const { policy } = admitted
    if (policy === undefined || this.hasEnded)
      return { denial: refuse('invalid', 'the connection takes no credential').denial, reply: [] }
    if (this.#deciding !== undefined)
      return { denial: this.#refuse(refuse('throttled', 'one credential at a time').denial), reply: [] }
    this.#deciding = new AbortController()
    return chain(guard(policy, callFor(presented, this.#deciding.signal)), (decision) => {
      this.#deciding = undefined
      return { denial: this.#settle(decision), reply: decision.reply }
    })
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
    this.#refusals = 0
    this.#opened.admitted.release()
    // The watch may end the connection at once, before it has given its disposer.
    const unwatch = watch(principal, (denial) => this.end(denial), this.#services)
    if (this.hasEnded) unwatch()
    else this.#unwatch = unwatch
  }

  #stop(): void {
    this.#hasEnded = true
    this.#deciding?.abort()
    this.#unwatch()
    this.#opened.admitted.release()
  }

  /** What a decision on a new credential means for the connection. */
  #settle(decision: Decision): Denial | undefined {
    if (this.hasEnded) return refuse('invalid', 'the connection has ended').denial
    if (!decision.ok) return this.#refuse(decision.denial)
    const { principal } = decision
    if (principal === undefined) return this.#refuse(refuse('missing', 'no credential was sent').denial)
    // A connection belongs to who opened it: what it has done so far was done in that name.
    const problem = this.#principal && successionProblem(this.#principal, principal)
    if (problem !== undefined) return this.#refuse(refuse('invalid', problem).denial)
    this.#adopt(principal)
    return undefined
  }

  /** An outage, or a caller in a hurry, does not end what is still good; nor does what tells how to try again. */
  #refuse(denial: Denial): Denial {
    const isPassing = denial.code === 'unavailable' || denial.code === 'throttled'
    const mayTryAgain = (isPassing && this.#principal !== undefined) || (denial.reply ?? []).length > 0
    if (mayTryAgain && this.#refusals < inBandRefusalsMax) this.#refusals++
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
    announce(this.#opened.admitted.call, toRefusal(denial))
    const { code, scopes } = denial
    this.#opened.socket.send(refuseMessage({ code, ...(scopes !== undefined && { scopes }) }, type))
  }

  #takeCredential(message: Buffer): void {
    const read = readAuthenticate(message)
    if (!read.ok) return this.end(read.denial)
    const outcome = this.#present(read.value)
    if (isPromise(outcome)) void outcome.then((known) => this.#answer(known))
    else this.#answer(outcome)
  }

  #answer({ denial, reply }: Outcome): void {
    if (this.hasEnded) return
    const headers = toAnswerHeaders(reply)
    const answer: InBandAnswer =
      denial === undefined
        ? { type: 'barre.authenticated', ...headers }
        : {
            type: 'barre.refused',
            code: denial.code,
            ...(denial.retryAfterSeconds !== undefined && { retryAfterSeconds: denial.retryAfterSeconds }),
            ...headers,
          }
    this.#opened.socket.send(JSON.stringify(answer))
  }
}

/** What came of a credential in a message. */
interface Outcome {
  readonly denial: Denial | undefined
  readonly reply: Reply
}

function toRefusal(denial: Denial): Decision {
  return { ok: false, denial, challenges: [], reply: [] }
}

function ignore(): void {}
