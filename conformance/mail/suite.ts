import { after, describe, test } from 'node:test'
import { dovecot, exim, isInstalled, skipWithout } from '../../tools/servers/index.ts'
import { connects } from '../brokers/suite.ts'
import { createBrokerWorld, user } from '../brokers/world.ts'
import type { Mechanism } from '../brokers/kit.ts'
import { Cells } from '../harness/cells.ts'
import type { MailKit, WireConfig } from './kit.ts'
import { listens, mailboxesOf } from './listens.ts'
import { audience, startMail } from './servers.ts'
import type { MailServers } from './servers.ts'

/** All that holds for every protocol, tried on each. */
export async function mailSuites(kits: readonly MailKit[]): Promise<void> {
  const absent = [dovecot, exim].filter((server) => !isInstalled(server))
  for (const server of absent) {
    void test(`mail, on the real ${server.name}`, (context) => void skipWithout(server, context))
  }
  if (absent.length === 0) await suites(kits)
}

async function suites(kits: readonly MailKit[]): Promise<void> {
  const world = await createBrokerWorld()
  // Of two mechanisms for the same credential the client takes the better one: so each has a server without the other.
  const pairs = [['PLAIN', 'OAUTHBEARER'] as const, ['LOGIN', 'XOAUTH2'] as const]
  const running = await Promise.all(
    pairs.map(async (pair) => ({ pair, servers: await startMail(world, { mechanisms: pair }) })),
  )
  const listened = await startMail(world, { others: mailboxesOf(kits) })
  after(async () => {
    await listened.stop()
    await Promise.all(running.map(({ servers }) => servers.stop()))
    await world.close()
  })
  const good = { token: await world.issue({ audience }) }
  const bad = { token: await world.issue({ audience: 'elsewhere' }) }
  const cells = new Cells('protocol', 'security and mechanism', 'connection')
  void describe('mail', { concurrency: true }, () => {
    for (const kit of kits) {
      const mechanisms = running.flatMap(({ pair: [forPassword, forToken], servers }) =>
        securities.flatMap((security) => [
          toMechanism(kit, servers, forPassword, security, password(user.password), password('guess')),
          toMechanism(kit, servers, forToken, security, good, bad),
        ]),
      )
      void describe(kit.folder, { concurrency: 1 }, () => connects(kit, world, { mechanisms }, cells))
    }
    void describe('listeners', { concurrency: true }, () => listens(kits, world, listened))
  })
  cells.report()
}

const securities = ['SSL', 'START_TLS_ALWAYS'] as const

function password(text: string): NonNullable<WireConfig['auth']> {
  return { username: user.name, password: text }
}

function toMechanism(
  kit: MailKit,
  servers: MailServers,
  name: string,
  security: (typeof securities)[number],
  good: WireConfig['auth'],
  bad: WireConfig['auth'],
): Mechanism {
  const { implicit, startTls } = kit.ports(servers)
  return {
    name: `${security} ${name}`,
    refusal: /authentication (failed|data)|535/i,
    ...(kit.refusalWithoutCertificate && { refusalWithoutCertificate: kit.refusalWithoutCertificate }),
    tries: ({ credential, host, secureSocket }) =>
      kit.tries({
        host,
        port: security === 'SSL' ? implicit : startTls,
        security,
        secureSocket,
        username: user.name,
        ...(credential === 'good' ? { auth: good } : { auth: bad }),
      } as WireConfig),
  }
}
