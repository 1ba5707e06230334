import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Mail, MailListener, MailListenerConfig } from 'barre/imap'
import { createTransport } from 'barre/smtp'
import { Arrivals, insist } from '../brokers/arrivals.ts'
import { Inbox } from '../brokers/inbox.ts'
import { user } from '../brokers/world.ts'
import type { BrokerWorld } from '../brokers/world.ts'
import type { ListenerKit, MailKit, WireConfig } from './kit.ts'
import { audience } from './servers.ts'
import type { MailServers } from './servers.ts'

/** Long enough for a slow machine to renew in time, short enough to wait for three of them. */
const lifetimeSeconds = 3
const lifetimes = 3.3
const betweenMailsMs = 200
/** Not a limit on speed: for a mail that is lost one waits for ever. */
const untilLost = { timeout: 120_000 }

type Listening = ListenerKit & { readonly kit: MailKit }

function listenersOf(kits: readonly MailKit[]): readonly Listening[] {
  return kits.flatMap((kit) => (kit.listeners ?? []).map((listener) => ({ ...listener, kit })))
}

/** Each listener has a mailbox for each test, because what one handles the other does not see. */
export function mailboxesOf(kits: readonly MailKit[]): readonly string[] {
  return listenersOf(kits).flatMap(({ name }) => [name, `${name}-told`, `${name}-flow`])
}

/** How the tests reach the servers. */
interface Post {
  readonly servers: MailServers
  readonly configFor: (kit: MailKit, username: string, tokenLifeSeconds?: number) => WireConfig
  readonly send: (to: readonly string[], subject: string, text?: string) => Promise<void>
}

/** What holds for every listener. */
export function listens(kits: readonly MailKit[], world: BrokerWorld, servers: MailServers): void {
  const configFor: Post['configFor'] = (kit, username, expTime = 600) => ({
    host: 'localhost',
    port: kit.ports(servers).implicit,
    username,
    auth: world.issuerConfig({ audience, username, expTime }),
    secureSocket: world.secureSocket,
  })
  const smtp = kits.find(({ folder }) => folder === 'smtp')!
  const transport = createTransport({
    ...configFor(smtp, user.name, lifetimeSeconds),
    options: { name: 'localhost' },
  })
  const post: Post = {
    servers,
    configFor,
    async send(to, subject, text = subject) {
      const addresses = to.map((name) => `${name}@localhost`)
      await transport.sendMail({ from: 'bob@localhost', to: addresses, subject, text })
    },
  }
  const all = listenersOf(kits)
  for (const listening of all) handlesOnce(listening, post)
  for (const listening of all.filter(({ isTold }) => isTold)) hearsOfMail(listening, post)
  staysAlive(all, post)
}

function handlesOnce({ kit, name, listen }: Listening, { configFor, send }: Post): void {
  const started = async (
    more: MailListenerConfig,
    fails: (subject: string) => boolean,
  ): Promise<{
    readonly handled: Inbox<string>
    readonly told: Inbox<string>
    readonly listener: MailListener
  }> => {
    const [handled, told] = [new Inbox<string>(), new Inbox<string>()]
    const onError = (error: unknown): void => told.put(error instanceof Error ? error.message : '')
    const config = { ...configFor(kit, name), pollingInterval: 0.2, maxMailBytes: 100_000, onError, ...more }
    const listener = await listen(config, (mail) => {
      if (fails(subjectOf(mail))) throw new Error('not today')
      handled.put(subjectOf(mail))
    })
    return { handled, told, listener }
  }
  void test(
    `${name}: a mail comes again until it is handled, and then no more`,
    untilLost,
    async ({ signal }) => {
      await send([name], 'large', `${'x'.repeat(76)}\r\n`.repeat(2000))
      for (const subject of ['first', 'second']) await send([name], subject)
      let failures = 0
      const one = await started({}, (subject) => subject === 'second' && failures++ < 2)
      const handled = [await one.handled.take(signal), await one.handled.take(signal)]
      const told = [await one.told.take(signal), await one.told.take(signal), await one.told.take(signal)]
      await one.listener.close()
      assert.deepEqual(handled, ['first', 'second'])
      assert.deepEqual(told.map((text) => text.replace(/\d+/, 'n')).toSorted(), [
        'a mail of n bytes is larger than maxMailBytes',
        'not today',
        'not today',
      ])
      // What was handled does not come to the next; the large one still lies there.
      const two = await started({}, () => false)
      await send([name], 'third')
      assert.equal(await two.handled.take(signal), 'third')
      await two.listener.close()
      const three = await started({ maxMailBytes: 1_000_000 }, () => false)
      assert.equal(await three.handled.take(signal), 'large')
      await three.listener.close()
    },
  )
}

function hearsOfMail({ kit, name, listen }: Listening, { configFor, send }: Post): void {
  void test(`${name}: the server tells of a mail, and nobody looks for it`, untilLost, async ({ signal }) => {
    const handled = new Inbox<string>()
    const config = { ...configFor(kit, `${name}-told`), pollingInterval: 86_400 }
    const listener = await listen(config, (mail) => handled.put(subjectOf(mail)))
    for (const subject of ['first', 'second']) {
      await send([`${name}-told`], subject)
      assert.equal(await handled.take(signal), subject)
    }
    await listener.close()
  })
}

function staysAlive(all: readonly Listening[], { servers, configFor, send }: Post): void {
  const mailboxes = all.map(({ name }) => `${name}-flow`)
  const open = async ({ kit, name, listen }: Listening) => {
    const arrivals = new Arrivals()
    const config = {
      ...configFor(kit, `${name}-flow`, lifetimeSeconds),
      pollingInterval: 0.5,
      onError: () => undefined,
    }
    return { arrivals, listener: await listen(config, (mail) => arrivals.add(Number(subjectOf(mail)))) }
  }
  const carryOn = async (flows: readonly Awaited<ReturnType<typeof open>>[], signal: AbortSignal) => {
    let next = 0
    const sendNext = async (): Promise<void> => {
      await insist(() => send(mailboxes, String(next)))
      next++
    }
    const endsAtMs = Date.now() + lifetimes * lifetimeSeconds * 1000
    while (Date.now() < endsAtMs) {
      await sendNext()
      await delay(betweenMailsMs)
    }
    const restarted = restart(servers)
    for (let count = 0; count < 10; count++) await sendNext()
    await restarted
    await sendNext()
    for (const { arrivals } of flows) await arrivals.all(next, signal)
    assert.ok(flows.every(({ listener }) => listener.ready()))
  }
  void test(
    'listeners and senders outlive three tokens and a crash of the servers; no mail is lost',
    untilLost,
    async ({ signal }) => {
      const flows = await Promise.all(all.map(open))
      try {
        await carryOn(flows, signal)
      } finally {
        await Promise.all(flows.map(({ listener }) => listener.close()))
      }
      const log = (await readFile(servers.mailboxes.logFile, 'utf8')).split('\n')
      for (const mailbox of mailboxes) {
        const logins = log.filter((line) => line.includes(`Login: user=<${mailbox}>`)).length
        assert.ok(logins > 3, `${mailbox} was logged in to ${logins} times`)
      }
    },
  )
}

async function restart({ mailboxes, taker }: MailServers): Promise<void> {
  for (const server of [mailboxes, taker]) {
    await server.kill()
    await server.restart()
  }
}

function subjectOf({ content }: Mail): string {
  return /^Subject: (.*)\r$/m.exec(content.toString('latin1'))?.[1] ?? ''
}
