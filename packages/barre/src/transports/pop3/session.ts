import { maxMailBytesDefault } from '../email/index.ts'
import type { MailEntry } from '../email/index.ts'
import type { Conversation } from './conversation.ts'
import type { Reply } from './reply.ts'

/** A mail of a session. */
export interface Pop3Entry extends MailEntry {
  /** What this session knows it by, from 1. */
  readonly number: number
}

/** What one may do with a mailbox while nobody else may (RFC 1939 §5). */
export interface Pop3Session {
  /** What lies there; `id` is the server's (UIDL) and stays the same in later sessions. */
  list(): Promise<readonly Pop3Entry[]>
  /** The mail as it was sent. Rejects, and the session is over, where the server sends more than `maxBytes`. */
  retrieve(number: number, maxBytes?: number): Promise<Buffer>
  /** Has the server remove it when the session is closed. */
  remove(number: number): Promise<void>
  /** Ends the session. Rejects where the server may not have removed what it was told to. */
  close(): Promise<void>
}

/** The longest list that is read, in bytes, which is of some hundred thousand mails. */
const listMaxBytes = 16 * 2 ** 20

export function pop3Session(conversation: Conversation): Pop3Session {
  const ask = async (line: string, maxBytes: number): Promise<Buffer> =>
    good(await conversation.ask(line, maxBytes)).content
  return {
    async list() {
      const ids = readTable(await ask('UIDL', listMaxBytes))
      const sizes = readTable(await ask('LIST', listMaxBytes))
      return [...ids].map(([number, id]) => ({ number, id, size: Number(sizes.get(number) ?? 0) }))
    },
    async retrieve(number, maxBytes = maxMailBytesDefault) {
      // Each line that begins with a dot is sent with one more; there is at most one for three bytes.
      const content = await ask(`RETR ${number}`, Math.ceil((maxBytes * 4) / 3))
      if (content.length <= maxBytes) return content
      conversation.destroy()
      throw new RangeError('the mail is too long')
    },
    remove: async (number) => void good(await conversation.say(`DELE ${number}`)),
    async close() {
      try {
        good(await conversation.say('QUIT'))
      } finally {
        conversation.destroy()
      }
    },
  }
}

/** Lines of a number and what belongs to it. */
function readTable(content: Buffer): ReadonlyMap<number, string> {
  const lines = content.toString('latin1').split('\r\n')
  return new Map(
    lines.flatMap((line) => {
      const [, number, value] = /^(\d{1,10}) (\S+)/.exec(line) ?? []
      return number === undefined || value === undefined ? [] : [[Number(number), value] as const]
    }),
  )
}

function good(reply: Reply): Reply {
  if (reply.kind === 'ok') return reply
  throw new Error(`the POP3 server refuses: ${reply.text}`)
}
