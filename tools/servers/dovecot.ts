// Why: what IMAP and POP3 servers say to a credential, and when they push a mail, only a real one shows.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accountName, freePorts, startProcess } from './child.ts'
import { startRestartable } from './restartable.ts'
import { copyTls } from './tls-files.ts'
import type { ServerFolder } from './child.ts'
import type { RestartableServer } from './restartable.ts'
import type { RealServer } from './server.ts'
import type { ServerTls } from './tls-files.ts'

/** How a Dovecot behaves: it serves mailboxes by IMAP and POP3. */
export interface DovecotConfig {
  readonly tls: ServerTls
  /** Whether clients must show a certificate of the authority; default not. */
  readonly clientCertificates?: 'require' | 'ignore'
  /** Passwords by user name, for PLAIN and LOGIN. */
  readonly users?: Readonly<Record<string, string>>
  /** How it judges the tokens of XOAUTH2 and OAUTHBEARER; absent: it offers neither. */
  readonly tokens?: DovecotIntrospection | DovecotKeys
  /** The mechanisms that it offers; default all that it has what to judge by. */
  readonly mechanisms?: readonly string[]
  /** Further lines of its configuration. */
  readonly lines?: readonly string[]
}

/** It asks an endpoint of RFC 7662. */
export interface DovecotIntrospection {
  readonly introspectionUrl: string
  /** The token in a form (`post`, the default, as RFC 7662 has it), in the query, or as the Bearer of the question. */
  readonly mode?: 'post' | 'get' | 'auth'
  /** Who it is at the endpoint, by Basic; Dovecot wants that in the URL. */
  readonly clientId?: string
  readonly clientSecret?: string
  /** Who signs the endpoint's certificate, as PEM. */
  readonly caFile?: string
  /** The member of the answer that names the mailbox; default `username`. */
  readonly usernameAttribute?: string
  /** Further settings of the `oauth2` passdb: `scope`, `issuers`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** It checks JWTs by itself. */
export interface DovecotKeys {
  /** Public keys as PEM; each is at `<algorithm>/<key id>`, as in `RS256/one`. */
  readonly keys: Readonly<Record<string, string>>
  readonly issuer: string
  /** What must stand in `aud`. */
  readonly audience?: string
  /** The claim that names the mailbox; default `sub`. */
  readonly usernameAttribute?: string
}

/** A Dovecot of one test. */
export interface RunningDovecot extends RestartableServer {
  readonly ports: Record<'imap' | 'imaps' | 'pop3' | 'pop3s', number>
  /** The socket by which an SMTP server has credentials judged. */
  readonly saslSocket: string
  /** Where the mail lies, a Maildir for each user; what is delivered there is seen at once. */
  readonly mailFolder: string
  /** What it says of logins. */
  readonly logFile: string
}

export const dovecot: RealServer<DovecotConfig, RunningDovecot> = {
  name: 'Dovecot',
  packages: ['dovecot-imapd', 'dovecot-pop3d'],
  program: 'dovecot',
  async start(config) {
    const [imap = 0, imaps = 0, pop3 = 0, pop3s = 0] = await freePorts(4)
    const ports = { imap, imaps, pop3, pop3s }
    let path = ''
    const running = await startRestartable(
      'dovecot',
      ports,
      async (folder) => {
        path = folder.path
        await prepare(folder, config, ports)
      },
      (folder) =>
        startProcess('dovecot', ['-F', '-c', join(folder.path, 'dovecot.conf')], Object.values(ports)),
    )
    return {
      ...running,
      ports,
      saslSocket: join(path, 'run', 'sasl'),
      mailFolder: join(path, 'mail'),
      logFile: join(path, 'log'),
    }
  },
}

async function prepare(
  folder: ServerFolder,
  config: DovecotConfig,
  ports: RunningDovecot['ports'],
): Promise<void> {
  const at = (name: string): string => join(folder.path, name)
  const tls = await copyTls(folder, config.tls)
  for (const name of ['run', 'state', 'mail', 'keys']) await mkdir(at(name))
  const users = Object.entries(config.users ?? {}).map(([name, password]) => `${name}:{PLAIN}${password}\n`)
  await writeFile(at('users'), users.join(''))
  await writeFile(at('oauth2.conf'), await tokenSettings(config.tokens, at('keys')))
  await writeFile(
    at('dovecot.conf'),
    [
      ...commonLines(folder.path, ports),
      ...tlsLines(tls, config.clientCertificates === 'require'),
      ...mechanismLines(config, at('oauth2.conf')),
      ...(config.lines ?? []),
      '',
    ].join('\n'),
  )
  await folder.ownAll()
}

function commonLines(path: string, ports: RunningDovecot['ports']): readonly string[] {
  const account = accountName()
  return [
    'protocols = imap pop3',
    'listen = 127.0.0.1',
    `base_dir = ${path}/run`,
    `state_dir = ${path}/state`,
    `log_path = ${path}/log`,
    `default_internal_user = ${account}`,
    `default_internal_group = ${account}`,
    `default_login_user = ${account}`,
    'first_valid_uid = 1',
    `mail_location = maildir:${path}/mail/%u`,
    'maildir_very_dirty_syncs = no',
    block('passdb', 'driver = passwd-file', 'mechanisms = plain login', `args = ${path}/users`),
    block('userdb', 'driver = static', `args = uid=${account} gid=${account} home=${path}/mail/%u`),
    // A test guesses more often, and waits less patiently, than a user.
    'auth_failure_delay = 0',
    'mail_max_userip_connections = 1000',
    block('service anvil', 'chroot =', block('unix_listener anvil-auth-penalty', 'mode = 0')),
    block('service auth', block('unix_listener sasl', 'mode = 0600', `user = ${account}`)),
    ...(['imap', 'pop3'] as const).map((protocol) =>
      block(
        `service ${protocol}-login`,
        'chroot =',
        block(`inet_listener ${protocol}`, `port = ${ports[protocol]}`),
        block(`inet_listener ${protocol}s`, `port = ${ports[`${protocol}s`]}`, 'ssl = yes'),
      ),
    ),
  ]
}

function block(head: string, ...lines: readonly string[]): string {
  return [`${head} {`, ...lines, '}'].join('\n')
}

function tlsLines(tls: ServerTls, demandsCertificates: boolean): readonly string[] {
  return [
    // In clear text nobody may say a password, on loopback neither.
    'ssl = required',
    `ssl_cert = <${tls.certFile}`,
    `ssl_key = <${tls.keyFile}`,
    ...(demandsCertificates
      ? [
          `ssl_ca = <${tls.caFile}`,
          'ssl_verify_client_cert = yes',
          'ssl_require_crl = no',
          'auth_ssl_require_client_cert = yes',
        ]
      : []),
  ]
}

function mechanismLines({ tokens, mechanisms }: DovecotConfig, file: string): readonly string[] {
  const judged = tokens === undefined ? ['plain', 'login'] : ['plain', 'login', 'xoauth2', 'oauthbearer']
  return [
    `auth_mechanisms = ${(mechanisms ?? judged).join(' ').toLowerCase()}`,
    ...(tokens === undefined
      ? []
      : [block('passdb', 'driver = oauth2', 'mechanisms = xoauth2 oauthbearer', `args = ${file}`)]),
  ]
}

async function tokenSettings(tokens: DovecotConfig['tokens'], keyFolder: string): Promise<string> {
  if (tokens === undefined) return ''
  const settings = 'keys' in tokens ? await localSettings(tokens, keyFolder) : introspectionSettings(tokens)
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

function introspectionSettings(tokens: DovecotIntrospection): Readonly<Record<string, string>> {
  const { introspectionUrl, mode = 'post', clientId, clientSecret, caFile } = tokens
  const url = new URL(introspectionUrl)
  if (clientId !== undefined) url.username = clientId
  if (clientSecret !== undefined) url.password = clientSecret
  return {
    introspection_mode: mode,
    introspection_url: url.href,
    ...(caFile !== undefined && { tls_ca_cert_file: caFile }),
    username_attribute: tokens.usernameAttribute ?? 'username',
    active_attribute: 'active',
    active_value: 'true',
    ...tokens.settings,
  }
}

async function localSettings(
  { keys, issuer, audience, usernameAttribute = 'sub' }: DovecotKeys,
  keyFolder: string,
): Promise<Readonly<Record<string, string>>> {
  for (const [name, pem] of Object.entries(keys)) {
    // `default` stands for a token without `azp`.
    const file = join(keyFolder, 'default', name)
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, pem)
  }
  return {
    introspection_mode: 'local',
    local_validation_key_dict: `fs:posix:prefix=${keyFolder}/`,
    issuers: issuer,
    username_attribute: usernameAttribute,
    ...(audience !== undefined && { client_id: audience }),
  }
}
