import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { nkeys } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'
import type { connect } from 'barre/nats'
import type { natsServer, natsStreaming, RestartableServer } from '../../tools/servers/index.ts'
import type { Attempt, Flow, Mechanism } from './kit.ts'
import { createAccounts } from './nats-accounts.ts'
import type { NatsAccounts } from './nats-accounts.ts'
import { lifetimeSeconds, user } from './world.ts'
import type { BrokerWorld } from './world.ts'

type NatsOptions = Parameters<typeof connect>[0]
type Auth = NonNullable<NatsOptions['auth']>
type ServerConfig = Parameters<typeof natsServer.start>[0] & { readonly tls: BrokerWorld['serverTls'] }
/** How a streaming server proves itself to the NATS server in it. */
type Own = Pick<Parameters<typeof natsStreaming.start>[0], 'own' | 'ownCreds'>

/** One server for each way of NATS to know its users. */
export interface NatsServers {
  readonly byName: RestartableServer
  readonly byJwt: RestartableServer
  readonly accounts: NatsAccounts
  readonly mechanisms: readonly Mechanism[]
  stop(): Promise<void>
}

/** What the connection of a flow is called. */
export const flowName = 'flow'

export const byPassword = (password: string): Auth => ({ username: user.name, password })

/** Starts them. `start`: of which kind (`name`); `tryWith`: connects, and does what only a known client may. */
export async function startNatsServers(
  world: BrokerWorld,
  name: string,
  start: (config: ServerConfig, own: Own) => Promise<RestartableServer>,
  tryWith: (options: NatsOptions) => Promise<void>,
): Promise<NatsServers> {
  const tls = world.serverTls
  const accounts = createAccounts()
  const [key, bad] = [nkeys.createUser(), nkeys.createUser()]
  const known = [user, { name: 'own', password: 'own-password' }]
  const users = known.map(({ name: one, password }) => `{user: ${one}, password: "${password}"}`)
  const token = `token: "${user.password}"`
  const [byName, byToken, byCertificate, byJwt] = await Promise.all([
    start(
      { tls, lines: [`authorization { users: [${users.join()}, {nkey: ${key.getPublicKey()}}] }`] },
      { own: ['username: own', 'password: own-password'] },
    ),
    start({ tls, lines: [`authorization { ${token} }`] }, { own: [token] }),
    start(
      {
        tls,
        clientCertificates: 'map to users',
        lines: [`authorization { users: [{user: "${user.name}.internal"}, {user: localhost}] }`],
      },
      {},
    ),
    start({ tls, lines: accounts.lines }, { ownCreds: accounts.creds(3600) }),
  ])
  const toFile = (kind: string): string => join(dirname(tls.caFile), `${name}-${kind}.creds`)
  const [goodFile, badFile] = [toFile('good'), toFile('bad')]
  await writeFile(goodFile, accounts.creds(3600))
  await writeFile(badFile, accounts.forgedCreds())

  const asMallory = ({ secureSocket }: Attempt): Partial<NatsOptions> => ({
    secureSocket: { ...secureSocket, key: world.mallory },
  })
  const toMechanism = (
    mechanism: string,
    server: RestartableServer,
    good: Partial<NatsOptions>,
    refused: (attempt: Attempt) => Partial<NatsOptions>,
  ): Mechanism => ({
    name: mechanism,
    refusal: /authorization violation/i,
    tries: (attempt) =>
      tryWith({
        url: `tls://${attempt.host}:${server.ports['nats']}`,
        secureSocket: attempt.secureSocket,
        options: { reconnect: false },
        ...(attempt.credential === 'good' ? good : refused(attempt)),
      }),
  })
  const withAuth = (mechanism: string, server: RestartableServer, good: Auth, refused: Auth): Mechanism =>
    toMechanism(mechanism, server, { auth: good }, () => ({ auth: refused }))
  return {
    byName,
    byJwt,
    accounts,
    mechanisms: [
      withAuth('user and password', byName, byPassword(user.password), byPassword('guess')),
      withAuth('token', byToken, { token: user.password }, { token: 'guess' }),
      withAuth('NKey', byName, { nkeySeed: seedOf(key) }, { nkeySeed: seedOf(bad) }),
      withAuth('JWT', byJwt, { credsFile: goodFile }, { credsFile: badFile }),
      { ...toMechanism('mutual TLS', byCertificate, {}, asMallory), isCertificate: true },
    ],
    async stop() {
      await Promise.all([byName, byToken, byCertificate, byJwt].map((server) => server.stop()))
    },
  }
}

function seedOf(key: ReturnType<typeof nkeys.createUser>): string {
  return Buffer.from(key.getSeed()).toString('latin1')
}

/** A creds file whose JWT is replaced in the middle of its life: what an agent beside the program does. */
export async function rotateCreds(
  { serverTls }: BrokerWorld,
  accounts: NatsAccounts,
  name: string,
): Promise<{ readonly credsFile: string; readonly issued: () => number; readonly stop: () => void }> {
  const credsFile = join(dirname(serverTls.caFile), name)
  let issued = 0
  const rotate = (): Promise<void> => {
    issued++
    return writeFile(credsFile, accounts.creds(lifetimeSeconds))
  }
  await rotate()
  const rotating = setInterval(() => void rotate(), (lifetimeSeconds * 1000) / 2)
  return { credsFile, issued: () => issued, stop: () => clearInterval(rotating) }
}

/** Asks the server, for each connection of the flow, which user it takes us for: each JWT is another one's. */
export function watchUsers(
  connection: NatsConnection,
  { ports }: RestartableServer,
): Pick<Flow, 'taken' | 'lost'> {
  const users = new Set<string>()
  const look = async (): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${ports['monitor']}/connz?auth=1`)
    const { connections } = (await answer.json()) as { connections: readonly Connection[] }
    const own = connections.find(({ name }) => name === flowName)
    if (own?.authorized_user !== undefined) users.add(own.authorized_user)
  }
  let lost = 0
  void (async () => {
    await look()
    for await (const { type } of connection.status()) {
      if (type !== 'reconnect') continue
      lost++
      // A server that has just crashed again does not answer.
      await look().catch(() => undefined)
    }
  })()
  return {
    async taken() {
      await look()
      return users.size
    },
    lost: () => lost,
  }
}

/** An open connection, as NATS describes it. */
interface Connection {
  readonly name?: string
  readonly authorized_user?: string
}
