import { createSecureContext } from 'node:tls'
import type { ConnectionOptions, SecureContext } from 'node:tls'
import type { ClientTlsOptions } from './options.ts'

/**
 * Options of `tls.connect`, for libraries that open their connections by themselves: each gets the files of the
 * configuration as they are then, however often the options were copied.
 */
export function toSocketOptions(tls: ClientTlsOptions): ConnectionOptions {
  let files = tls.context
  let current = createSecureContext(files)
  const secureContext: SecureContext = {
    // All that node:tls asks of it, once for each connection.
    get context(): unknown {
      const found = tls.renewed()
      if (found !== files) current = createSecureContext(found)
      files = found
      return current.context
    },
  }
  return {
    secureContext,
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    ...(!tls.verifyHostName && { checkServerIdentity: () => undefined }),
  }
}
