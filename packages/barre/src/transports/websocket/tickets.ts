import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ok, refuse, Secret } from '../../core/index.ts'
import type { Result, Services } from '../../core/index.ts'
import type { Origins } from './origins.ts'

/** How long a ticket may wait to be used, in seconds. */
export const ticketSeconds = 30
/** Tickets that wait at one time, of all callers and of one credential. */
export const ticketsMax = 10_000
export const ticketsPerCredentialMax = 10

/** The name of the query parameter. */
export const ticketParameter = 'ticket'

/** For a page, whose `WebSocket` can send no header: `new WebSocket(url + '?ticket=' + ticket)`. */
export interface Ticket {
  readonly ticket: string
  readonly expiresInSeconds: number
}

interface Held {
  readonly authorization: Secret
  readonly credential: string
  readonly origin: string | undefined
  readonly expiresAtMs: number
}

/**
 * Tickets that wait to be used once. A ticket stands for the credential it was minted with, which is verified when the
 * connection is opened: whoever asks for one gains nothing that they did not have.
 */
export class Tickets {
  readonly #services: Pick<Services, 'now' | 'random'>
  readonly #origins: Origins
  /** By digest, oldest first: what is held here opens no connection. */
  readonly #held = new Map<string, Held>()
  readonly #perCredential = new Map<string, number>()

  constructor(services: Pick<Services, 'now' | 'random'>, origins: Origins) {
    this.#services = services
    this.#origins = origins
  }

  /** A ticket for the credential and the origin of a request. */
  mint({ authorization, origin }: IncomingHttpHeaders): Result<Ticket> {
    if (authorization === undefined) return refuse('missing', 'a ticket stands for a credential')
    if (origin !== undefined && !this.#origins.allows(origin)) {
      return refuse('invalid', 'a ticket for an origin that is not in allowedOrigins')
    }
    this.#dropEnded()
    const credential = digest(authorization)
    const waiting = this.#perCredential.get(credential) ?? 0
    if (waiting >= ticketsPerCredentialMax || this.#held.size >= ticketsMax) {
      return refuse('throttled', 'too many tickets wait to be used', { retryAfterSeconds: ticketSeconds })
    }
    this.#perCredential.set(credential, waiting + 1)
    const ticket = Buffer.from(this.#services.random(32)).toString('base64url')
    const expiresAtMs = this.#services.now() + ticketSeconds * 1000
    this.#held.set(digest(ticket), {
      authorization: new Secret(authorization),
      credential,
      origin,
      expiresAtMs,
    })
    return ok({ ticket, expiresInSeconds: ticketSeconds })
  }

  /** The credential of a ticket, which is used up by this, also where the origin is another one. */
  redeem(ticket: string, origin: string | undefined): Result<string> {
    const key = digest(ticket)
    const held = this.#held.get(key)
    if (held === undefined) return refuse('invalid', 'a ticket that is unknown or was used')
    this.#drop(key, held)
    if (held.expiresAtMs <= this.#services.now()) return refuse('invalid', 'a ticket whose time is over')
    if (held.origin !== origin) return refuse('invalid', 'a ticket from another origin')
    return ok(held.authorization.reveal())
  }

  #dropEnded(): void {
    const nowMs = this.#services.now()
    for (const [key, held] of this.#held) {
      if (held.expiresAtMs > nowMs) return
      this.#drop(key, held)
    }
  }

  #drop(key: string, { credential }: Held): void {
    this.#held.delete(key)
    const waiting = (this.#perCredential.get(credential) ?? 1) - 1
    if (waiting === 0) this.#perCredential.delete(credential)
    else this.#perCredential.set(credential, waiting)
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
