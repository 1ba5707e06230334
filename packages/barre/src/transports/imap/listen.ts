import { flag, oneOf, optional, record, text } from '../../core/index.ts'
import type { Services, Shape } from '../../core/index.ts'
import { listenerMembers, listenToMail, maxMailBytesDefault } from '../email/index.ts'
import type { Mailbox, MailHandler, MailListener, MailListenerConfig } from '../email/index.ts'
import { imapMembers, imapOpener } from './connect.ts'
import type { ImapConfig } from './connect.ts'
import { imapMailbox } from './mailbox.ts'
import type { ImapEntry } from './mailbox.ts'

/** How to listen to a mailbox. */
export interface ImapListenerConfig<Auth = unknown> extends ImapConfig<Auth>, MailListenerConfig {
  /** Default `INBOX`. */
  readonly mailbox?: string
  /**
   * Stay connected, and have the server tell of new mail at once (IDLE, RFC 2177); default true. False: connect for
   * each look.
   */
  readonly idle?: boolean
  /** What becomes of a mail that was handled: it is marked as `seen` (default), or deleted. */
  readonly handled?: 'seen' | 'deleted'
}

const listenerShape: Shape<ImapListenerConfig> = record<ImapListenerConfig>({
  ...imapMembers,
  ...listenerMembers,
  mailbox: optional(text()),
  idle: optional(flag()),
  handled: optional(oneOf('seen', 'deleted')),
})

/** Hands each unseen mail to a handler, at least once. Rejects where the first connection fails. */
export async function imapListen(
  config: ImapListenerConfig,
  handler: MailHandler,
  services: Services,
): Promise<MailListener> {
  const checked = listenerShape.check(config, '')
  const { mailbox = 'INBOX', idle = true, handled = 'seen' } = checked
  const opener = imapOpener({ ...checked, options: { ...checked.options, ...limits(checked) } }, services)
  const open = async (): Promise<Mailbox<ImapEntry>> =>
    imapMailbox(await opener.open(), { mailbox, idle, handled })
  return listenToMail({ open, close: () => opener.close() }, checked, handler, services)
}

/** The longest list of mails, and the longest answer beside a mail, in bytes. */
const lineMaxBytes = 16 * 2 ** 20

/** Nothing that a server sends is kept in memory beyond this. */
function limits({ maxMailBytes = maxMailBytesDefault }: ImapListenerConfig): ImapConfig['options'] {
  const maxLiteralSize = Math.max(maxMailBytes + 1, 2 ** 16)
  return { maxLineLength: lineMaxBytes, maxLiteralSize, maxResponseSize: maxLiteralSize + lineMaxBytes }
}
