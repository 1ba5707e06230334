// Why: STARTTLS, and what an SMTP server says to a credential or an address, is for a real server to show.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accountName, freePorts, startProcess } from './child.ts'
import { startRestartable } from './restartable.ts'
import { copyTls } from './tls-files.ts'
import type { RunningDovecot } from './dovecot.ts'
import type { RestartableServer } from './restartable.ts'
import type { RealServer } from './server.ts'
import type { ServerTls } from './tls-files.ts'

/** How an Exim behaves: it takes mail from those who prove themselves, for the mailboxes of a Dovecot. */
export interface EximConfig {
  readonly tls: ServerTls
  /** Whether clients must show a certificate of the authority; default not. */
  readonly clientCertificates?: 'require' | 'ignore'
  /** Who judges credentials: what mechanisms it has, Exim offers. */
  readonly dovecot: Pick<RunningDovecot, 'saslSocket' | 'mailFolder'>
  /** The mechanisms that it offers, of those that Dovecot has; default all. */
  readonly mechanisms?: readonly string[]
  /** Whose mail it takes: the part before `@localhost`. */
  readonly mailboxes: readonly string[]
  /** Further lines of the main part of its configuration. */
  readonly lines?: readonly string[]
}

/** `smtp` speaks STARTTLS, `smtps` TLS from the start. */
export interface RunningExim extends RestartableServer {
  readonly ports: Record<'smtp' | 'smtps', number>
}

const allMechanisms = ['PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER']

export const exim: RealServer<EximConfig, RunningExim> = {
  name: 'Exim',
  packages: ['exim4-daemon-heavy'],
  program: 'exim4',
  async start(config) {
    const [smtp = 0, smtps = 0] = await freePorts(2)
    const ports = { smtp, smtps }
    const running = await startRestartable(
      'exim',
      ports,
      async (folder) => {
        const tls = await copyTls(folder, config.tls)
        await mkdir(join(folder.path, 'spool'))
        await writeFile(join(folder.path, 'exim.conf'), settings(config, tls, ports, folder.path))
        await folder.ownAll()
      },
      // What it had taken before a crash it delivers when it looks through its queue.
      ({ path }) => startProcess('exim4', ['-bdf', '-q2s', '-C', join(path, 'exim.conf')], [smtp, smtps]),
    )
    return { ...running, ports }
  },
}

function settings(
  { clientCertificates, dovecot, mailboxes, mechanisms = allMechanisms, lines = [] }: EximConfig,
  tls: ServerTls,
  { smtp, smtps }: RunningExim['ports'],
  folder: string,
): string {
  const account = accountName()
  return [
    'primary_hostname = localhost',
    `spool_directory = ${folder}/spool`,
    `log_file_path = ${folder}/spool/%slog`,
    `pid_file_path = ${folder}/spool/pid`,
    'local_interfaces = 127.0.0.1',
    `daemon_smtp_ports = ${smtp} : ${smtps}`,
    `tls_on_connect_ports = ${smtps}`,
    'tls_advertise_hosts = *',
    `tls_certificate = ${tls.certFile}`,
    `tls_privatekey = ${tls.keyFile}`,
    ...(clientCertificates === 'require'
      ? [`tls_verify_certificates = ${tls.caFile}`, 'tls_verify_hosts = *']
      : []),
    // In clear text nobody may say a password, on loopback neither.
    'auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}',
    'acl_smtp_rcpt = acl_rcpt',
    'never_users =',
    `exim_user = ${account}`,
    `exim_group = ${account}`,
    'deliver_drop_privilege = true',
    'smtp_accept_max = 100',
    ...lines,
    'begin acl',
    'acl_rcpt:',
    '  require message = authentication required',
    '    authenticated = *',
    '  accept verify = recipient',
    '  deny message = no such mailbox',
    'begin routers',
    'mailboxes:',
    '  driver = accept',
    `  local_parts = ${mailboxes.join(' : ')}`,
    '  transport = maildir',
    'begin transports',
    'maildir:',
    '  driver = appendfile',
    `  directory = ${dovecot.mailFolder}/$local_part_data`,
    '  maildir_format',
    `  user = ${account}`,
    `  group = ${account}`,
    'begin authenticators',
    ...mechanisms.map(
      (mechanism) =>
        `${mechanism.toLowerCase()}:\n  driver = dovecot\n  public_name = ${mechanism}\n` +
        `  server_socket = ${dovecot.saslSocket}\n  server_set_id = $auth1`,
    ),
    '',
  ].join('\n')
}
