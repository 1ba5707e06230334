import { setTimeout as delay } from 'node:timers/promises'
import { instance, number, optional } from '../../core/index.ts'
import type { Awaitable, Log, Members, Services } from '../../core/index.ts'
import type { Mailbox, MailboxOpener, MailEntry } from './mailbox.ts'

/** A mail as a handler gets it. */
export interface Mail extends MailEntry {
  /** All of it, headers first (RFC 5322): bytes of a stranger. */
  readonly content: Buffer
}

/** Handles one mail. Where it throws, the mail stays, and comes again at the next look. */
export type MailHandler = (mail: Mail) => Awaitable<unknown>

/** How a listener looks for mail. */
export interface MailListenerConfig {
  /** Seconds between two looks; default 30. */
  readonly pollingInterval?: number
  /** The largest mail that is handled, in bytes; default 25 MiB. A larger one is told to `onError`, and stays. */
  readonly maxMailBytes?: number
  /**
   * Is told what went wrong: a handler threw, a mail is too large (`mail` says which), or the server could not be
   * reached, which is tried again. Default: the log.
   */
  readonly onError?: (error: unknown, mail?: MailEntry) => void
}

/** A listener that runs until it is closed. */
export interface MailListener {
  /** Whether the last look reached the server. */
  ready(): boolean
  /** Takes no more mails, waits for the one in hand, and ends the connection. */
  close(): Promise<void>
}

export const listenerMembers: Members<MailListenerConfig> = {
  pollingInterval: optional(number({ min: 0.05, max: 86_400, unit: 'seconds' })),
  maxMailBytes: optional(number({ min: 1, max: 2 ** 30, integer: true, unit: 'bytes' })),
  onError: optional(instance('a function', isOnError)),
}

function isOnError(value: unknown): value is OnError {
  return typeof value === 'function'
}

const pollingIntervalDefaultSeconds = 30
export const maxMailBytesDefault: number = 25 * 2 ** 20

/** The pauses before a server is tried again, in milliseconds. */
const retryFirstMs = 250
const retryMaxMs = 30_000
/** A login lasts so long at least, whatever its end says: clocks differ. */
const loginMinMs = 1000
/** The longest delay that a Node timer takes, in milliseconds. */
const timerMaxMs = 2 ** 31 - 1
/** How many mails that stay are remembered as told of. */
const toldMax = 1000

/**
 * Hands the mails of a mailbox to a handler, each at least once, one after the other. The first connection must
 * succeed; later ones are made again for ever, with growing pauses. Closes the opener.
 */
export async function listenToMail<Entry extends MailEntry>(
  opener: MailboxOpener<Entry>,
  config: MailListenerConfig,
  handler: MailHandler,
  services: Pick<Services, 'now' | 'log'>,
): Promise<MailListener> {
  const closing = new AbortController()
  const { onError = logTo(services.log), pollingInterval = pollingIntervalDefaultSeconds } = config
  const pollingMs = pollingInterval * 1000
  const wait = (ms: number): Promise<void> => delay(ms, undefined, { signal: closing.signal }).catch(ignore)
  let isReady = true
  /** Since the last look that reached the server. */
  let failures = 0
  const reached = (): void => {
    isReady = true
    failures = 0
  }
  const maxBytes = config.maxMailBytes ?? maxMailBytesDefault
  const look = looking({ maxBytes, handler, onError, reached, closing: closing.signal })

  /** Until the connection, or its credential, ends; once where nothing is waited for on it. */
  const attend = async (mailbox: Mailbox<Entry>): Promise<void> => {
    const endsAtMs = Math.max(mailbox.endsAtMs ?? Infinity, services.now() + loginMinMs)
    try {
      for (;;) {
        await look(mailbox)
        const leftMs = endsAtMs - services.now()
        if (mailbox.waitForNews === undefined || leftMs <= 0 || closing.signal.aborted) break
        await mailbox.waitForNews(Math.min(pollingMs, leftMs, timerMaxMs), closing.signal)
      }
    } catch (error) {
      await mailbox.close().catch(ignore)
      throw error
    }
    await mailbox.close()
  }
  const run = async (first: Mailbox<Entry>): Promise<void> => {
    for (let mailbox: Mailbox<Entry> | undefined = first; !closing.signal.aborted; mailbox = undefined) {
      try {
        const attended: Mailbox<Entry> = mailbox ?? (await opener.open())
        await attend(attended)
        if (attended.waitForNews === undefined) await wait(pollingMs)
      } catch (error) {
        isReady = false
        if (closing.signal.aborted) break
        onError(error)
        const waitMs = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(failures++, 16))
        await wait(waitMs)
      }
    }
  }
  const running = run(await openFirst(opener))
  return {
    ready: () => isReady,
    async close() {
      closing.abort(new Error('the listener was closed'))
      await running
      await opener.close()
    },
  }
}

async function openFirst<Entry extends MailEntry>(opener: MailboxOpener<Entry>): Promise<Mailbox<Entry>> {
  try {
    return await opener.open()
  } catch (error) {
    await opener.close()
    throw error
  }
}

type OnError = NonNullable<MailListenerConfig['onError']>

interface Looking {
  readonly maxBytes: number
  readonly handler: MailHandler
  readonly onError: OnError
  /** Called when the server has said what is there. */
  readonly reached: () => void
  readonly closing: AbortSignal
}

/** Looks through a mailbox once. What the handler does wrong concerns one mail, all else the connection. */
function looking<Entry extends MailEntry>({
  maxBytes,
  handler,
  onError,
  reached,
  closing,
}: Looking): (mailbox: Mailbox<Entry>) => Promise<void> {
  const told = new Set<string>()
  const tellOnce = (entry: Entry): void => {
    if (told.has(entry.id)) return
    if (told.size === toldMax) told.clear()
    told.add(entry.id)
    onError(new RangeError(`a mail of ${entry.size} bytes is larger than maxMailBytes`), entry)
  }
  return async (mailbox) => {
    const entries = await mailbox.list()
    reached()
    for (const entry of entries) {
      if (closing.aborted) return
      if (entry.size > maxBytes) {
        tellOnce(entry)
        continue
      }
      const { id, size } = entry
      const content = await mailbox.fetch(entry, maxBytes)
      if (content === undefined) continue
      try {
        await handler({ id, size, content })
      } catch (error) {
        onError(error, { id, size })
        continue
      }
      await mailbox.settle(entry)
    }
  }
}

function logTo(log: Log): OnError {
  return (error, mail) =>
    mail === undefined
      ? log.warn({ error }, 'the mailbox cannot be reached yet')
      : log.error({ error, mail: mail.id }, 'a mail was not handled; it stays')
}

function ignore(): void {}
