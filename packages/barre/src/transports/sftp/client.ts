import { allowWeakAlgorithms, ConfigError, isRecord } from '../../core/index.ts'
import type { Secret, Services } from '../../core/index.ts'
import { createFileClient, FileError, obtainLogin, readServerUrl, toLimits } from '../files/index.ts'
import type { FileClient, FileErrorCode } from '../files/index.ts'
import { sftpShape, sshKeyShape } from './config.ts'
import type { SftpConfig } from './config.ts'
import { openSftp } from './connect.ts'
import type { SshIdentity } from './connect.ts'
import { readHostTrust } from './host-key.ts'
import { sshKeyReader } from './private-key.ts'
import { sftpSession } from './session.ts'

const defaultPort = 22

/** Makes a client; connections are opened when they are needed. Throws ConfigError. */
export function sftpClient(config: SftpConfig, services: Services): FileClient {
  const checked = sftpShape.check(config, '')
  const { host, port = defaultPort } = readServerUrl(checked.url, ['sftp:'])
  const limits = toLimits(checked)
  const allowsWeak = checked[allowWeakAlgorithms] === true
  if (allowsWeak) services.log.warn({ host }, 'SSH is spoken with SHA-1 and CBC, too: allowWeakAlgorithms')
  const trust = (): ReturnType<typeof readHostTrust> => readHostTrust(checked, host, port)
  trust()
  const identity = toIdentity(checked, `sftp://${host}:${port}`, services)
  const open = async () => {
    const server = { host, port, allowsWeak, timeoutMs: limits.timeoutMs, trust: later('untrusted', trust) }
    return sftpSession(await openSftp(server, await identity.read()))
  }
  return createFileClient(open, limits, () => identity.close())
}

interface IdentityReader {
  /** As it is now; throws FileError. */
  read(): Promise<SshIdentity>
  close(): Promise<void> | undefined
}

function toIdentity(config: SftpConfig, target: string, services: Services): IdentityReader {
  const { auth, [allowWeakAlgorithms]: allowsSha1 = false } = config
  if (!isRecord(auth) || !('privateKey' in auth)) {
    const source = services.credentialSource(auth, 'auth')
    return { read: () => obtainLogin(source, target), close: () => source.close?.() }
  }
  const { username, privateKey, password } = sshKeyShape.check(auth, 'auth')
  const readKey = sshKeyReader(privateKey, 'auth.privateKey', allowsSha1)
  const read = (): SshIdentity => ({
    username,
    key: readKey(),
    ...(password !== undefined && { password: reveal(password) }),
  })
  read()
  return { read: async () => later('unauthenticated', read), close: () => undefined }
}

function reveal(password: string | Secret): string {
  return typeof password === 'string' ? password : password.reveal()
}

/** Reads a file that was good at start, and may not be any more. */
function later<T>(code: FileErrorCode, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new FileError(code, cause.message, { cause })
  }
}
