// Why: SFTP by public key is what OpenSSH says it is.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts, serverUser, startProcess } from './child.ts'
import { startRestartable } from './restartable.ts'
import { makeHostKey } from './ssh-keys.ts'
import type { RunningFileServer } from './proftpd.ts'
import type { RealServer } from './server.ts'

/** How an SSH server behaves. It knows one user: the account that it runs as. */
export interface OpenSshConfig {
  /** The public keys of that user, as lines of a `.pub` file. */
  readonly authorizedKeys: readonly string[]
  /** Further lines of its configuration: `HostKeyAlgorithms`, `Ciphers`. */
  readonly lines?: readonly string[]
}

export const openSsh: RealServer<OpenSshConfig, RunningFileServer> = {
  name: 'OpenSSH',
  packages: ['openssh-server'],
  program: 'sshd',
  async start({ authorizedKeys, lines = [] }) {
    const [sftp = 0] = await freePorts(1)
    let hostKey = ''
    let files = ''
    const running = await startRestartable(
      'openssh',
      { sftp },
      async (folder) => {
        files = join(folder.path, 'files')
        await mkdir(files)
        await writeFile(join(folder.path, 'authorized_keys'), authorizedKeys.join('\n'))
        hostKey = await makeHostKey(folder, 'ed25519')
        await writeFile(
          join(folder.path, 'sshd_config'),
          [
            `Port ${sftp}`,
            'ListenAddress 127.0.0.1',
            `HostKey ${folder.path}/host-key`,
            'PidFile none',
            `AuthorizedKeysFile ${folder.path}/authorized_keys`,
            // The folder lies in one that everybody may write to.
            'StrictModes no',
            'UsePAM no',
            'PasswordAuthentication no',
            'KbdInteractiveAuthentication no',
            `Subsystem sftp internal-sftp -d ${files}`,
            ...lines,
            '',
          ].join('\n'),
        )
        await folder.ownAll()
      },
      ({ path }) => startProcess('sshd', ['-D', '-e', '-f', join(path, 'sshd_config')], [sftp]),
    )
    return { ...running, files, hostKey, user: serverUser().name }
  },
}
