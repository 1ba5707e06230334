import { ServerCredentials } from '@grpc/grpc-js'
import type { SecureContextOptions } from 'node:tls'
import type { ListenerSecureSocket, Services } from '../../core/index.ts'
import { toServerOptions, watchCertificates } from '../../tls/index.ts'
import type { CertificateWatcher, ServerTlsOptions } from '../../tls/index.ts'

/** gRPC's own take every client certificate or none, and cannot be told of a renewed one. */
class WatchedCredentials extends ServerCredentials {
  constructor(options: ServerTlsOptions) {
    super(options, options)
  }

  setSecureContext(options: SecureContextOptions): void {
    this.updateSecureContextOptions(options)
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other
  }
}

/** TLS for a gRPC server, with the certificate that its files hold at the time; throws ConfigError. */
export function serverCredentials(
  secureSocket: ListenerSecureSocket,
  services: Pick<Services, 'now' | 'log'>,
): { readonly credentials: ServerCredentials } & Pick<CertificateWatcher, 'close'> {
  const now = (): number => services.now()
  const credentials = new WatchedCredentials(toServerOptions(secureSocket, 'secureSocket', now))
  const watcher = watchCertificates(credentials, secureSocket, { log: services.log, now })
  return { credentials, close: () => watcher.close() }
}
