import type { DtlsSession } from './dtls/index.ts'

/** A connection, or one that would like to be. */
export interface Seat {
  readonly session: DtlsSession
  /** What began it: the same again is a repetition. */
  readonly random: Buffer
  isLetIn: boolean
  /** Puts off the end of a connection that is silent. */
  touch(): void
}

/** The sessions of a server, by address: one, and where its client begins anew, another until that is let in. */
export interface Sessions {
  /** The sessions of an address, the oldest first. */
  of(address: string): readonly Seat[]
  /** Whether there is a place for one more from this address. */
  hasPlace(address: string): boolean
  add(address: string, seat: Seat): void
  /** A session was let in; what its client had before is over. */
  letIn(address: string, seat: Seat): void
  remove(address: string, seat: Seat): void
  closeAll(): void
}

export function createSessions(limits: {
  readonly connectionsMax: number
  readonly unauthenticatedMax: number
}): Sessions {
  const seats = new Map<string, Seat[]>()
  let all = 0
  let waiting = 0
  const of = (address: string): readonly Seat[] => seats.get(address) ?? []
  return {
    of,
    hasPlace: (address) =>
      all < limits.connectionsMax &&
      waiting < limits.unauthenticatedMax &&
      of(address).every((seat) => seat.isLetIn),
    add(address, seat) {
      seats.set(address, [...of(address), seat])
      all++
      waiting++
    },
    letIn(address, seat) {
      seat.isLetIn = true
      waiting--
      for (const other of of(address)) if (other !== seat) other.session.close()
    },
    remove(address, seat) {
      const left = of(address).filter((other) => other !== seat)
      if (left.length === of(address).length) return
      if (left.length === 0) seats.delete(address)
      else seats.set(address, left)
      all--
      if (!seat.isLetIn) waiting--
    },
    closeAll() {
      for (const list of seats.values()) for (const { session } of list) session.close()
    },
  }
}
