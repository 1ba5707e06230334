// Why: what a server makes of AUTH, PROT and reused TLS sessions is told by one that insists on them.
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts, serverUser, startProcess } from './child.ts'
import { startRestartable } from './restartable.ts'
import { makeHostKey } from './ssh-keys.ts'
import { copyTls } from './tls-files.ts'
import type { ServerFolder } from './child.ts'
import type { RestartableServer } from './restartable.ts'
import type { RealServer } from './server.ts'
import type { ServerTls } from './tls-files.ts'

/** How a ProFTPD server behaves. It speaks FTP over TLS only, and reuses the session on the data channel or refuses. */
export interface ProFtpdConfig {
  readonly tls: ServerTls
  /** Whether clients must show a certificate of the authority; default true. */
  readonly needsClientCertificate?: boolean
  readonly user: { readonly name: string; readonly password: string }
}

export interface RunningFileServer extends RestartableServer {
  /** The folder that the user sees, on this machine. */
  readonly files: string
  /** What it proves itself with over SSH, as a line of a `.pub` file. */
  readonly hostKey: string
  /** Whom it knows. */
  readonly user: string
}

const passivePorts = 16

export const proFtpd: RealServer<ProFtpdConfig, RunningFileServer> = {
  name: 'ProFTPD',
  packages: ['proftpd-core', 'proftpd-mod-crypto', 'openssh-client'],
  program: 'proftpd',
  async start(config) {
    const [explicit = 0, implicit = 0, sftp = 0, ...passive] = await freePorts(3 + passivePorts)
    const ports = { explicit, implicit, sftp }
    let hostKey = ''
    let files = ''
    const running = await startRestartable(
      'proftpd',
      ports,
      async (folder) => {
        files = join(folder.path, 'files')
        hostKey = await prepare(folder, config, ports, passive)
      },
      ({ path }) =>
        startProcess('proftpd', ['--nodaemon', '--config', join(path, 'proftpd.conf')], Object.values(ports)),
    )
    return { ...running, files, hostKey, user: config.user.name }
  },
}

async function prepare(
  folder: ServerFolder,
  config: ProFtpdConfig,
  ports: Readonly<Record<string, number>>,
  passive: readonly number[],
): Promise<string> {
  const tls = await copyTls(folder, config.tls)
  await mkdir(join(folder.path, 'files'))
  const { name, password } = config.user
  const { uid, gid } = serverUser()
  const hash = execFileSync('/usr/bin/openssl', ['passwd', '-6', '-stdin'], {
    input: password,
    encoding: 'utf8',
  })
  await writeFile(
    join(folder.path, 'passwd'),
    `${name}:${hash.trim()}:${uid}:${gid}::${folder.path}/files:/bin/sh\n`,
  )
  await chmod(join(folder.path, 'passwd'), 0o600)
  const hostKey = await makeHostKey(folder, 'ecdsa')
  await writeFile(join(folder.path, 'proftpd.conf'), settings(config, tls, ports, passive, folder.path))
  await folder.ownAll()
  return hostKey
}

function settings(
  config: ProFtpdConfig,
  tls: ServerTls,
  ports: Readonly<Record<string, number>>,
  passive: readonly number[],
  folder: string,
): string {
  const { name: user, group } = serverUser()
  const everywhere = [
    `AuthUserFile ${folder}/passwd`,
    'AuthOrder mod_auth_file.c',
    'RequireValidShell off',
    'WtmpLog off',
    'AllowOverwrite on',
    'AllowStoreRestart on',
    'TimeoutLogin 60',
  ]
  const ftps = (...options: readonly string[]): readonly string[] => [
    'TLSEngine on',
    'TLSRequired on',
    'TLSProtocol TLSv1.2 TLSv1.3',
    `TLSECCertificateFile ${tls.certFile}`,
    `TLSECCertificateKeyFile ${tls.keyFile}`,
    `TLSCACertificateFile ${tls.caFile}`,
    `TLSVerifyClient ${config.needsClientCertificate === false ? 'off' : 'on'}`,
    `PassivePorts ${Math.min(...passive)} ${Math.max(...passive)}`,
    ...options,
    ...everywhere,
  ]
  return [
    'ServerType standalone',
    `User ${user}`,
    `Group ${group}`,
    'ControlsEngine off',
    'UseIPv6 off',
    'UseReverseDNS off',
    'DefaultAddress 127.0.0.1',
    'SocketBindTight on',
    'ModulePath /usr/lib/proftpd',
    'LoadModule mod_tls.c',
    'LoadModule mod_sftp.c',
    `PidFile ${folder}/pid`,
    `ScoreboardFile ${folder}/scoreboard`,
    'SystemLog none',
    'DelayEngine off',
    `Port ${ports['explicit']}`,
    ...ftps(),
    '<VirtualHost 127.0.0.1>',
    `Port ${ports['implicit']}`,
    ...ftps('TLSOptions UseImplicitSSL'),
    '</VirtualHost>',
    '<VirtualHost 127.0.0.1>',
    `Port ${ports['sftp']}`,
    'SFTPEngine on',
    `SFTPHostKey ${folder}/host-key`,
    'SFTPAuthMethods password',
    ...everywhere,
    '</VirtualHost>',
    '',
  ].join('\n')
}
