import { setTimeout as delay } from 'node:timers/promises'
import type { ImapFlow } from 'imapflow'
import type { Mailbox, MailEntry } from '../email/index.ts'
import type { OpenedImap } from './connect.ts'
import type { ImapListenerConfig } from './listen.ts'

/** A mail by its number in the mailbox, which no other mail gets as long as `uidValidity` stays (RFC 3501 §2.3.1.1). */
export interface ImapEntry extends MailEntry {
  readonly uid: number
}

type Manner = Required<Pick<ImapListenerConfig, 'mailbox' | 'idle' | 'handled'>>

const byUid = { uid: true }

/** The unseen mails of a mailbox. */
export async function imapMailbox(
  { connection, endsAtMs }: OpenedImap,
  { mailbox, idle, handled }: Manner,
): Promise<Mailbox<ImapEntry>> {
  const { uidValidity } = await opened(connection, mailbox)
  const news = idle ? newsOf(connection) : undefined
  return {
    ...(endsAtMs !== undefined && { endsAtMs }),
    async list() {
      news?.forget()
      const found = await connection.fetchAll({ seen: false }, { uid: true, size: true })
      return found.map(({ uid, size = 0 }) => ({ id: `${uidValidity}-${uid}`, size, uid }))
    },
    async fetch({ uid }, maxBytes) {
      const query = { source: { start: 0, maxLength: maxBytes + 1 } }
      const found = await connection.fetchOne(String(uid), query, byUid)
      const content = found === false ? undefined : found.source
      if (content !== undefined && content.length > maxBytes) {
        throw new RangeError('the server sent more than it said that the mail has')
      }
      return content
    },
    async settle({ uid }) {
      const isDone =
        handled === 'seen'
          ? await connection.messageFlagsAdd(String(uid), ['\\Seen'], byUid)
          : await connection.messageDelete(String(uid), byUid)
      if (!isDone) throw new Error(`the server did not note that a mail was ${handled}`)
    },
    ...(news !== undefined && { waitForNews: (maxMs, signal) => news.wait(maxMs, signal) }),
    async close() {
      // What was settled is so already.
      await connection.logout().catch(() => connection.close())
    },
  }
}

async function opened(connection: ImapFlow, mailbox: string): ReturnType<ImapFlow['mailboxOpen']> {
  try {
    return await connection.mailboxOpen(mailbox)
  } catch (error) {
    connection.close()
    throw error
  }
}

interface News {
  /** Whatever has come is looked at now. */
  forget(): void
  /** Waits for what comes. Rejects when the connection is gone. */
  wait(maxMs: number, signal: AbortSignal): Promise<void>
}

/** What the server tells of new mail, also while nobody waits. */
function newsOf(connection: ImapFlow): News {
  let hasCome = false
  connection.on('exists', () => (hasCome = true))
  return {
    forget: () => (hasCome = false),
    async wait(maxMs, signal) {
      if (hasCome) return
      const waking = new AbortController()
      const wake = (): void => waking.abort()
      connection.on('exists', wake).on('close', wake)
      signal.addEventListener('abort', wake)
      try {
        // It ends with the next command. Where it fails, the next look finds out why.
        connection.idle().catch(() => undefined)
        if (connection.usable && !signal.aborted) await sleep(maxMs, waking.signal)
      } finally {
        connection.off('exists', wake).off('close', wake)
        signal.removeEventListener('abort', wake)
      }
      if (!connection.usable) throw new Error('the server closed the connection')
    },
  }
}

async function sleep(ms: number, waking: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: waking }).catch(() => undefined)
}
