import { withServices } from '../auth/index.ts'
import type { ClientAuthConfig, WithServices } from '../auth/index.ts'
import { ftpClient, ftpListener } from '../transports/ftp/index.ts'
import type { FileClient, FileHandler, FileListener } from '../transports/files/index.ts'
import type { FtpConfig, FtpListenerConfig } from '../transports/ftp/index.ts'

export { FileError, sqliteFileState } from '../transports/files/index.ts'
export type * from '../transports/files/index.ts'
export type * from '../transports/ftp/index.ts'

/** Makes a client of an FTP server, over TLS unless it is on loopback. Throws ConfigError. */
export const createClient: (config: WithServices<FtpConfig<ClientAuthConfig>>) => FileClient =
  withServices(ftpClient)

const listen = withServices(ftpListener)

/** Watches a directory of an FTP server: each file is handed over at least once. Throws ConfigError. */
export function createListener(
  config: WithServices<FtpListenerConfig<ClientAuthConfig>>,
  handler: FileHandler,
): FileListener {
  return listen({ ...config, handler })
}
