import type { Services } from '../../core/index.ts'
import { listenForFiles, splitConfig } from '../files/index.ts'
import type { FileHandler, FileListener, FileListenerConfig } from '../files/index.ts'
import { sftpClient } from './client.ts'
import type { SftpConfig } from './config.ts'

/** How to watch a directory of an SFTP server. */
export interface SftpListenerConfig<Auth = unknown> extends SftpConfig<Auth>, FileListenerConfig {}

/** Hands each file that appears to `handler`. Throws ConfigError. */
export function sftpListener(
  { handler, ...config }: SftpListenerConfig & { readonly handler: FileHandler },
  services: Services,
): FileListener {
  const { listening, connection } = splitConfig(config)
  return listenForFiles(listening, handler, connection.url, () => sftpClient(connection, services), services)
}
