import { compileAuth, createServices, withServices } from '../auth/index.ts'
import type { AuthConfig, WithServices } from '../auth/index.ts'
import { tcpClient, tcpServer } from '../transports/tcp/index.ts'
import type * as Tcp from '../transports/tcp/index.ts'

export type * from '../transports/tcp/index.ts'

/** `auth`: who may connect; false: anybody. */
export type ServerOptions = WithServices<Tcp.TcpServerConfig> & { readonly auth: AuthConfig | false }

/** Makes a server of TCP or TLS whose connections are judged before they are read; throws ConfigError. */
export function createServer(options: ServerOptions, handler: Tcp.ConnectionHandler): Tcp.TcpServer {
  const { auth, services, ...config } = options
  const made = createServices(services)
  return tcpServer(compileAuth(auth, made), config, made, handler)
}

/** Makes a client of one server; throws ConfigError. */
export const createClient: (config: WithServices<Tcp.TcpClientConfig>) => Tcp.TcpClient =
  withServices(tcpClient)
