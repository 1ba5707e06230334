import { allowInsecureEndpoint, ConfigError, isLoopback } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { createFileClient, obtainLogin, readServerUrl, toLimits } from '../files/index.ts'
import type { FileClient } from '../files/index.ts'
import { toClientOptions } from '../../tls/index.ts'
import { ftpShape } from './config.ts'
import type { FtpConfig } from './config.ts'
import { openFtp } from './connect.ts'
import type { FtpServer } from './connect.ts'
import { ftpSession } from './session.ts'

/** Makes a client; connections are opened when they are needed. Throws ConfigError. */
export function ftpClient(config: FtpConfig, services: Services): FileClient {
  const checked = ftpShape.check(config, '')
  const limits = toLimits(checked)
  const server = toServer(checked, limits.timeoutMs, services)
  const source = services.credentialSource(checked.auth, 'auth')
  const target = `ftp://${server.host}:${server.port}`
  return createFileClient(
    async () => ftpSession(await openFtp(server, await obtainLogin(source, target))),
    limits,
    () => source.close?.(),
  )
}

const defaultPorts = { EXPLICIT: 21, IMPLICIT: 990 }

function toServer(config: FtpConfig, timeoutMs: number, services: Services): FtpServer {
  const { protocol, host, port } = readServerUrl(config.url, ['ftps:', 'ftp:'])
  const { mode = 'EXPLICIT', dataChannelProtection: _, ...secureSocket } = config.secureSocket ?? {}
  const server = { host, port: port ?? defaultPorts[mode], timeoutMs }
  if (protocol === 'ftps:') {
    const tls = toClientOptions(secureSocket, 'secureSocket', () => services.now(), services.log)
    return { ...server, tls: { mode, options: tls } }
  }
  if (config.secureSocket !== undefined) throw new ConfigError('url', 'secureSocket needs ftps:')
  if (isLoopback(host)) return server
  if (config[allowInsecureEndpoint] !== true) {
    throw new ConfigError(
      'url',
      'clear text is accepted only to loopback; use ftps, or set [allowInsecureEndpoint]: true in code',
    )
  }
  services.log.warn({ host }, 'FTP is spoken in clear text: allowInsecureEndpoint')
  return server
}
