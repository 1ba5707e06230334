/** A mail that lies in a mailbox. */
export interface MailEntry {
  /** What the mailbox knows it by, and no other mail ever. */
  readonly id: string
  /** Its size in bytes, as the server says. */
  readonly size: number
}

/** A mailbox over one connection, as every protocol can show it. Each verb rejects when the connection is gone. */
export interface Mailbox<Entry extends MailEntry = MailEntry> {
  /** What was not handled yet, oldest first. */
  list(): Promise<readonly Entry[]>
  /** The mail as it was sent; `undefined`: it is gone meanwhile. Rejects where more than `maxBytes` are sent. */
  fetch(entry: Entry, maxBytes: number): Promise<Buffer | undefined>
  /** Notes that it was handled: it will not be listed again. */
  settle(entry: Entry): Promise<void>
  /** Waits for a new mail, at most so long. Absent: who wants to know looks again. */
  waitForNews?(maxMs: number, signal: AbortSignal): Promise<void>
  /** When what we showed to open it ends, in milliseconds since the epoch. */
  readonly endsAtMs?: number
  /** Ends the connection. Rejects where what was settled may not be. */
  close(): Promise<void>
}

/** Connects to a mailbox, each time with the credential of then. */
export interface MailboxOpener<Entry extends MailEntry = MailEntry> {
  open(): Promise<Mailbox<Entry>>
  close(): Promise<void>
}
