import { withServices } from '../auth/index.ts'
import type { ClientAuthConfig, WithServices } from '../auth/index.ts'
import type { FileClient, FileHandler, FileListener } from '../transports/files/index.ts'
import { sftpClient, sftpListener } from '../transports/sftp/index.ts'
import type { SftpConfig, SftpListenerConfig } from '../transports/sftp/index.ts'

export { FileError, sqliteFileState } from '../transports/files/index.ts'
export type * from '../transports/files/index.ts'
export type * from '../transports/sftp/index.ts'

/** Makes a client of an SFTP server whose key is known. Throws ConfigError. */
export const createClient: (config: WithServices<SftpConfig<ClientAuthConfig>>) => FileClient =
  withServices(sftpClient)

const listen = withServices(sftpListener)

/** Watches a directory of an SFTP server: each file is handed over at least once. Throws ConfigError. */
export function createListener(
  config: WithServices<SftpListenerConfig<ClientAuthConfig>>,
  handler: FileHandler,
): FileListener {
  return listen({ ...config, handler })
}
