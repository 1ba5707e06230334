import { compileAuth, createServices, withServices } from '../auth/index.ts'
import type { AuthConfig, WithServices } from '../auth/index.ts'
import { dtlsClient, dtlsServer } from '../transports/udp/index.ts'
import type * as Udp from '../transports/udp/index.ts'

export { DtlsError, openDatagrams } from '../transports/udp/index.ts'
export type * from '../transports/udp/index.ts'

/** `auth`: who may connect; false: anybody. */
export type ServerOptions = WithServices<Udp.DtlsServerConfig> & { readonly auth: AuthConfig | false }

/** Makes a server of DTLS whose connections are judged; throws ConfigError. */
export function createServer(
  { auth, services, ...config }: ServerOptions,
  handler: Udp.DtlsHandler,
): Udp.DtlsServer {
  const made = createServices(services)
  return dtlsServer(compileAuth(auth, made), config, made, handler)
}

/** Makes a client of one server over DTLS; throws ConfigError. */
export const createClient: (config: WithServices<Udp.DtlsClientConfig>) => Udp.DtlsClient =
  withServices(dtlsClient)
