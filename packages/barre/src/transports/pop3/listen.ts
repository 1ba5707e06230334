import { record } from '../../core/index.ts'
import type { Services, Shape } from '../../core/index.ts'
import { listenerMembers, listenToMail, mailMembers } from '../email/index.ts'
import type { Mailbox, MailHandler, MailListener, MailListenerConfig } from '../email/index.ts'
import { pop3Opener } from './connect.ts'
import type { Pop3Config } from './connect.ts'
import type { Pop3Entry, Pop3Session } from './session.ts'

/** How to listen to a mailbox: each look is a session, and what was handled is removed when it ends. */
export interface Pop3ListenerConfig<Auth = unknown> extends Pop3Config<Auth>, MailListenerConfig {}

const listenerShape: Shape<Pop3ListenerConfig> = record<Pop3ListenerConfig>({
  ...mailMembers,
  ...listenerMembers,
})

/** Hands each mail to a handler, at least once. Rejects where the first session cannot be opened. */
export function pop3Listen(
  config: Pop3ListenerConfig,
  handler: MailHandler,
  services: Services,
): Promise<MailListener> {
  const checked = listenerShape.check(config, '')
  const opener = pop3Opener(checked, services)
  const open = async (): Promise<Mailbox<Pop3Entry>> => toMailbox(await opener.open())
  return listenToMail({ open, close: () => opener.close() }, checked, handler, services)
}

function toMailbox(session: Pop3Session): Mailbox<Pop3Entry> {
  return {
    list: () => session.list(),
    fetch: ({ number }, maxBytes) => session.retrieve(number, maxBytes),
    settle: ({ number }) => session.remove(number),
    close: () => session.close(),
  }
}
