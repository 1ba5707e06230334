import type { Services } from '../../core/index.ts'
import { listenForFiles, splitConfig } from '../files/index.ts'
import type { FileHandler, FileListener, FileListenerConfig } from '../files/index.ts'
import { ftpClient } from './client.ts'
import type { FtpConfig } from './config.ts'

/** How to watch a directory of an FTP server. */
export interface FtpListenerConfig<Auth = unknown> extends FtpConfig<Auth>, FileListenerConfig {}

/** Hands each file that appears to `handler`. Throws ConfigError. */
export function ftpListener(
  { handler, ...config }: FtpListenerConfig & { readonly handler: FileHandler },
  services: Services,
): FileListener {
  const { listening, connection } = splitConfig(config)
  return listenForFiles(listening, handler, connection.url, () => ftpClient(connection, services), services)
}
