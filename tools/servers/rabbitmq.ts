// Why: what RabbitMQ does when a token ends, and which mechanisms it really offers, only it can say.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts, startProcess } from './child.ts'
import { startRestartable } from './restartable.ts'
import { copyTls } from './tls-files.ts'
import type { RestartableServer } from './restartable.ts'
import type { RealServer } from './server.ts'
import type { ServerTls } from './tls-files.ts'

/** How a RabbitMQ broker behaves. Clients must show a certificate of the authority. */
export interface RabbitMqConfig {
  readonly tls: ServerTls
  /** The user that it knows by name and password, and by the common name of a certificate. */
  readonly user: { readonly name: string; readonly password: string }
  /** The public key (PEM) of whoever signs OAuth2 tokens; their audience is `rabbitmq`. */
  readonly tokenKey: string
  /** Default `one`. */
  readonly tokenKeyId?: string
}

/** Where Debian puts the broker's own script, which leaves alone who it runs as. */
const script = '/usr/lib/rabbitmq/bin/rabbitmq-server'

export const rabbitMq: RealServer<RabbitMqConfig, RestartableServer> = {
  name: 'RabbitMQ',
  packages: ['rabbitmq-server'],
  program: 'rabbitmq-server',
  async start(config) {
    const [amqps = 0, distribution = 0, epmd = 0] = await freePorts(3)
    // Started by us: the broker would leave one running that nobody ends.
    const names = await startProcess('epmd', ['-port', `${epmd}`, '-address', '127.0.0.1'], [epmd])
    try {
      const running = await startRestartable(
        'rabbitmq',
        { amqps },
        async (folder) => {
          const tls = await copyTls(folder, config.tls)
          await writeFile(join(folder.path, 'jwt.pem'), config.tokenKey)
          await writeFile(join(folder.path, 'rabbitmq.conf'), settings(config, tls, amqps, folder.path))
          await writeFile(
            join(folder.path, 'plugins'),
            '[rabbitmq_auth_mechanism_ssl,rabbitmq_auth_backend_oauth2].\n',
          )
          await mkdir(join(folder.path, 'home'))
          await folder.own('jwt.pem', 'rabbitmq.conf', 'plugins', 'home')
        },
        ({ path }) =>
          startProcess(script, [], [amqps], { cwd: path, env: environment(path, distribution, epmd) }),
      )
      return {
        ...running,
        async stop() {
          await running.stop()
          await names.kill()
        },
      }
    } catch (error) {
      await names.kill()
      throw error
    }
  },
}

function settings(
  { user, tokenKeyId = 'one' }: RabbitMqConfig,
  tls: ServerTls,
  port: number,
  folder: string,
): string {
  const values: readonly (readonly [string, string])[] = [
    ['listeners.tcp', 'none'],
    ['listeners.ssl.1', `127.0.0.1:${port}`],
    ['ssl_options.cacertfile', tls.caFile],
    ['ssl_options.certfile', tls.certFile],
    ['ssl_options.keyfile', tls.keyFile],
    ['ssl_options.verify', 'verify_peer'],
    ['ssl_options.fail_if_no_peer_cert', 'true'],
    ['auth_mechanisms.1', 'PLAIN'],
    ['auth_mechanisms.2', 'EXTERNAL'],
    ['ssl_cert_login_from', 'common_name'],
    ['default_user', user.name],
    ['default_pass', user.password],
    ['auth_backends.1', 'internal'],
    ['auth_backends.2', 'rabbit_auth_backend_oauth2'],
    ['auth_oauth2.resource_server_id', 'rabbitmq'],
    ['auth_oauth2.default_key', tokenKeyId],
    [`auth_oauth2.signing_keys.${tokenKeyId}`, join(folder, 'jwt.pem')],
    ['log.console', 'true'],
    // One core is enough for a test, and leaves the other to the test.
    ['num_acceptors.ssl', '2'],
  ]
  return values.map(([name, value]) => `${name} = ${value}\n`).join('')
}

function environment(folder: string, distribution: number, epmd: number): Record<string, string> {
  return {
    HOME: join(folder, 'home'),
    // The script then becomes the broker, and gets its signals.
    RUNNING_UNDER_SYSTEMD: 'true',
    RABBITMQ_NODENAME: `barre${distribution}@localhost`,
    RABBITMQ_MNESIA_BASE: join(folder, 'home', 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'home', 'log'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_DIST_PORT: `${distribution}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none',
    ERL_EPMD_PORT: `${epmd}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
  }
}
