import type { Services } from '../../core/index.ts'
import { WorkQueue } from '../../crypto/index.ts'
import { ConnectionLost } from './connection.ts'
import type { Connection, LdapServer } from './connection.ts'

/** How many connections of one use a store holds at most. */
export const connectionsMax = 10
/** How many requests may wait for one. */
export const waitingMax = 256
/** How long a server that failed is asked only after the others, in milliseconds. */
const serverCooldownMs = 5_000

export interface PoolOptions {
  readonly servers: readonly LdapServer[]
  open(server: LdapServer): Promise<Connection>
  /** Whether connections are kept for the next request. */
  readonly keeps: boolean
}

interface Kept {
  readonly connection: Connection
  readonly server: LdapServer
}

/** Connections to the first server that works; a kept one that turns out dead costs a second try, no refusal. */
export class ConnectionPool {
  readonly #options: PoolOptions
  readonly #now: Services['now']
  readonly #queue = new WorkQueue(connectionsMax, waitingMax)
  readonly #downUntilMs = new Map<LdapServer, number>()
  #idle: Kept[] = []
  #isClosed = false

  constructor(options: PoolOptions, { now }: Pick<Services, 'now'>) {
    this.#options = options
    this.#now = now
  }

  /**
   * Runs `ask` over a connection of its own; `undefined` when too many wait. Rejects with ConnectionLost when no
   * server works, else as `ask` does. `ask` may run again on another connection.
   */
  use<T>(ask: (connection: Connection) => Promise<T>): Promise<T> | undefined {
    return this.#queue.run(() => this.#attempt(ask))
  }

  close(): void {
    this.#isClosed = true
    for (const { connection } of this.#idle.splice(0)) connection.close()
  }

  async #attempt<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    const kept = this.#takeIdle()
    if (kept !== undefined) {
      try {
        return await this.#ask(kept, ask)
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
        // What ended this one has most likely ended its siblings.
        this.#dropIdle(kept.server)
      }
    }
    return this.#attemptAnew(ask)
  }

  async #attemptAnew<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    let failure = new ConnectionLost('the store is closed')
    for (const server of this.#inOrder()) {
      if (this.#isClosed) break
      try {
        const answer = await this.#ask({ connection: await this.#options.open(server), server }, ask)
        this.#downUntilMs.delete(server)
        return answer
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
        failure = error
        this.#downUntilMs.set(server, this.#now() + serverCooldownMs)
      }
    }
    throw failure
  }

  async #ask<T>(kept: Kept, ask: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await ask(kept.connection)
    } finally {
      this.#release(kept)
    }
  }

  #release(kept: Kept): void {
    if (!this.#options.keeps || this.#isClosed || !kept.connection.isOpen()) {
      kept.connection.close()
      return
    }
    kept.connection.rest()
    this.#idle.push(kept)
  }

  #takeIdle(): Kept | undefined {
    this.#idle = this.#idle.filter(({ connection }) => connection.isOpen())
    return this.#idle.pop()
  }

  #dropIdle(server: LdapServer): void {
    for (const kept of this.#idle) if (kept.server === server) kept.connection.close()
  }

  /** As configured, those that failed a moment ago last. */
  #inOrder(): readonly LdapServer[] {
    const isDown = (server: LdapServer): boolean => (this.#downUntilMs.get(server) ?? 0) > this.#now()
    return this.#options.servers.toSorted((one, other) => Number(isDown(one)) - Number(isDown(other)))
  }
}
