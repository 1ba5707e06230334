import { allowWeakAlgorithms, either, flag, list, optional, record, secret, text } from '../../core/index.ts'
import type { Secret, Shape } from '../../core/index.ts'
import { limitsMembers } from '../files/index.ts'
import type { LimitsConfig } from '../files/index.ts'
import type { PrivateKeyConfig } from './private-key.ts'

/** How to reach a server over SFTP. */
export interface SftpConfig<Auth = unknown> extends LimitsConfig {
  /** `sftp://files.internal:22`. */
  readonly url: string
  /** Who we are: a key, or a client `auth` record that gives a user name and a password. */
  readonly auth: Auth | SshKeyAuth
  /** The known_hosts file that has the server's key; read for each connection. This or `hostKey` is required. */
  readonly sftpSshKnownHosts?: string
  /** The server's key: `SHA256:...`, as `ssh-keygen -l` prints it, or `ssh-ed25519 AAAA...`; or several. */
  readonly hostKey?: string | readonly string[]
  /** Speak what old servers know only, too: SHA-1 and CBC. */
  readonly [allowWeakAlgorithms]?: boolean
}

/** Proves itself by a key, and by a password too where the server wants both. */
export interface SshKeyAuth {
  readonly username: string
  readonly privateKey: PrivateKeyConfig
  readonly password?: string | Secret
}

export const sshKeyShape: Shape<SshKeyAuth> = record<SshKeyAuth>({
  username: text(),
  privateKey: record<PrivateKeyConfig>({ path: text(), password: optional(secret()) }),
  password: optional(secret()),
})

const anyRecord: Shape<object> = { check: (value) => value as object, json: {} }

export const sftpShape: Shape<SftpConfig> = record<SftpConfig>({
  url: text(),
  auth: anyRecord,
  sftpSshKnownHosts: optional(text()),
  hostKey: optional(either(text(), list(text(), 1))),
  ...limitsMembers,
  [allowWeakAlgorithms]: optional(flag()),
})
