// Why: SASL, re-authentication and timestamps are the broker's to decide; Kafka itself is the only one that counts.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { freePorts, runProgram, startProcess } from './child.ts'
import { startRestartable } from './restartable.ts'
import { cacheFolder } from './server.ts'
import { copyTls, joinTls } from './tls-files.ts'
import type { RestartableServer } from './restartable.ts'
import type { RealServer } from './server.ts'
import type { ServerTls } from './tls-files.ts'

/** How a Kafka broker behaves. Clients must show a certificate of the authority. */
export interface KafkaConfig {
  readonly tls: ServerTls
  /** The user that it knows by PLAIN and SCRAM. */
  readonly user: { readonly name: string; readonly password: string }
  /** The public keys (a JWK Set) of whoever signs tokens, their `iss` and their `aud`. */
  readonly tokens: { readonly jwks: object; readonly issuer: string; readonly audience: string }
}

const version = '3.9.1'
const security = 'org.apache.kafka.common.security'
const fetcher = 'mvn'
const jars = join(cacheFolder(`kafka-${version}`), 'jars')

export const kafka: RealServer<KafkaConfig, RestartableServer> = {
  name: 'Kafka',
  packages: ['default-jre-headless', 'maven'],
  program: 'java',
  download: { program: fetcher, isThere: () => existsSync(jars), fetch: fetchJars },
  async start(config) {
    const [ssl = 0, sasl = 0, internal = 0, controller = 0] = await freePorts(4)
    const ports = { ssl, sasl, internal, controller }
    return startRestartable(
      'kafka',
      ports,
      async (folder) => {
        const tls = await copyTls(folder, config.tls)
        const keyStore = await joinTls(folder, tls)
        await writeFile(join(folder.path, 'jwks.json'), JSON.stringify(config.tokens.jwks))
        const settings = [...nodeSettings(ports, folder.path), ...tlsSettings(keyStore, tls)]
        const all = [...settings, ...saslSettings(config, folder.path)]
        const text = all.map(([name, value]) => `${name}=${value}\n`).join('')
        await writeFile(join(folder.path, 'server.properties'), text)
        await mkdir(join(folder.path, 'data'))
        await folder.own('jwks.json', 'server.properties', 'data')
        const { name, password } = config.user
        runProgram('java', [
          ...javaArguments(folder.path),
          'kafka.tools.StorageTool',
          'format',
          '--cluster-id=MkU3OEVBNTcwNTJENDM2Qk',
          `--config=${folder.path}/server.properties`,
          ...['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
            (mechanism) => `--add-scram=${mechanism}=[name=${name},password=${password}]`,
          ),
        ])
      },
      ({ path }) =>
        startProcess(
          'java',
          [...javaArguments(path), 'kafka.Kafka', join(path, 'server.properties')],
          [ssl, sasl],
        ),
    )
  },
}

type Settings = readonly (readonly [name: string, value: string])[]

function nodeSettings(ports: Readonly<Record<string, number>>, folder: string): Settings {
  const { ssl, sasl, internal, controller } = ports
  const listeners = `SSL://127.0.0.1:${ssl},SASL_SSL://127.0.0.1:${sasl},INTERNAL://127.0.0.1:${internal}`
  return [
    ['process.roles', 'broker,controller'],
    ['node.id', '1'],
    ['controller.quorum.voters', `1@127.0.0.1:${controller}`],
    ['controller.listener.names', 'CONTROLLER'],
    ['inter.broker.listener.name', 'INTERNAL'],
    ['listeners', `${listeners},CONTROLLER://127.0.0.1:${controller}`],
    ['advertised.listeners', listeners.replace(/(SSL:\/\/)127\.0\.0\.1/g, '$1localhost')],
    ['listener.security.protocol.map', 'SSL:SSL,SASL_SSL:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT'],
    ['log.dirs', join(folder, 'data')],
    ['num.partitions', '1'],
    ['offsets.topic.num.partitions', '1'],
    ['offsets.topic.replication.factor', '1'],
    ['transaction.state.log.replication.factor', '1'],
    ['transaction.state.log.min.isr', '1'],
    ['group.initial.rebalance.delay.ms', '0'],
    ['group.min.session.timeout.ms', '1000'],
    ['log.cleaner.enable', 'false'],
    // After a crash it waits for its own last session to end.
    ['broker.session.timeout.ms', '1000'],
    ['broker.heartbeat.interval.ms', '200'],
  ]
}

function tlsSettings(keyStore: string, { caFile }: ServerTls): Settings {
  return [
    ['ssl.keystore.type', 'PEM'],
    ['ssl.keystore.location', keyStore],
    ['ssl.truststore.type', 'PEM'],
    ['ssl.truststore.location', caFile],
    ['ssl.client.auth', 'required'],
    ['listener.name.sasl_ssl.ssl.client.auth', 'required'],
  ]
}

function saslSettings({ user, tokens }: KafkaConfig, folder: string): Settings {
  const on = 'listener.name.sasl_ssl'
  const scram = `${security}.scram.ScramLoginModule required;`
  return [
    [`${on}.sasl.enabled.mechanisms`, 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER'],
    [
      `${on}.plain.sasl.jaas.config`,
      `${security}.plain.PlainLoginModule required user_${user.name}="${user.password}";`,
    ],
    [`${on}.scram-sha-256.sasl.jaas.config`, scram],
    [`${on}.scram-sha-512.sasl.jaas.config`, scram],
    [
      `${on}.oauthbearer.sasl.jaas.config`,
      `${security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="unused";`,
    ],
    [
      `${on}.oauthbearer.sasl.server.callback.handler.class`,
      `${security}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
    ],
    ['sasl.oauthbearer.jwks.endpoint.url', `file://${folder}/jwks.json`],
    ['sasl.oauthbearer.expected.audience', tokens.audience],
    ['sasl.oauthbearer.expected.issuer', tokens.issuer],
    // Without it a token's end does not end its connection.
    ['connections.max.reauth.ms', '3600000'],
  ]
}

function javaArguments(folder: string): readonly string[] {
  return [
    '-Xmx512m',
    '-XX:+UseSerialGC',
    // A broker for one test is never hot: the quick compiler starts it in half the time.
    '-XX:TieredStopAtLevel=1',
    `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://${folder}/jwks.json`,
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    // Which tells of each credential that it takes when that ends.
    `-Dorg.slf4j.simpleLogger.log.${security}.authenticator.SaslServerAuthenticator=debug`,
    '-cp',
    join(jars, '*'),
  ]
}

/** The broker and what it needs, by Maven; whole or not at all. */
function fetchJars(): void {
  const parent = dirname(jars)
  mkdirSync(dirname(parent), { recursive: true })
  const folder = mkdtempSync(`${parent}-`)
  const dependencies = [
    ['org.apache.kafka', 'kafka_2.13', version],
    ['org.slf4j', 'slf4j-simple', '1.7.36'],
  ].map(
    ([group, artifact, number]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
      `<version>${number}</version></dependency>`,
  )
  writeFileSync(
    join(folder, 'pom.xml'),
    '<project><modelVersion>4.0.0</modelVersion><groupId>barre</groupId><artifactId>servers</artifactId>' +
      `<version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`,
  )
  try {
    const goals = ['dependency:copy-dependencies', '-DoutputDirectory=jars', '-DincludeScope=runtime']
    execFileSync(fetcher, ['--batch-mode', '--quiet', ...goals], { cwd: folder, stdio: 'inherit' })
    rmSync(parent, { recursive: true, force: true })
    renameSync(folder, parent)
    // Made for our eyes only, as every temporary folder; the servers' account reads it too.
    execFileSync('chmod', ['-R', 'a+rX', parent])
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}
