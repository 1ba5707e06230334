import { promisify } from 'node:util'
import ssh2 from 'ssh2'
import type { AnyAuthMethod, Client, ConnectConfig, ParsedKey, SFTPWrapper } from 'ssh2'
import { FileError, within } from '../files/index.ts'
import type { FileErrorCode } from '../files/index.ts'
import { toAlgorithms } from './algorithms.ts'
import type { HostTrust } from './host-key.ts'

/** An SSH server, and how it is known. */
export interface SshServer {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly allowsWeak: boolean
  readonly trust: HostTrust
}

/** Who we are: a key, a password, or both. */
export interface SshIdentity {
  readonly username: string
  readonly key?: ParsedKey
  readonly password?: string
}

/** A connection of the library's own. */
export interface SftpConnection {
  readonly client: Client
  readonly sftp: SFTPWrapper
}

/** How many signs of life may be missed. */
const keepAliveMisses = 3

/** Opens a connection to a server whose key is known. Throws FileError. */
export async function openSftp(server: SshServer, identity: SshIdentity): Promise<SftpConnection> {
  const client = new ssh2.Client()
  const problem = firstProblem(client)
  try {
    const opening = open(client, server, identity, problem.report)
    return await within(server.timeoutMs, Promise.race([opening, problem.promise]))
  } catch (error) {
    client.destroy()
    throw toFileError(error)
  }
}

async function open(
  client: Client,
  server: SshServer,
  identity: SshIdentity,
  report: (error: FileError) => void,
): Promise<SftpConnection> {
  const ready = new Promise<void>((resolve) => client.once('ready', resolve))
  // Requests are small, and each waits for its answer.
  client.once('connect', () => client.setNoDelay(true))
  client.connect(toOptions(server, identity, report))
  await ready
  return { client, sftp: await promisify<SFTPWrapper>((done) => client.sftp(done))() }
}

function toOptions(
  { host, port, timeoutMs, allowsWeak, trust }: SshServer,
  identity: SshIdentity,
  report: (error: FileError) => void,
): ConnectConfig {
  return {
    host,
    port,
    username: identity.username,
    readyTimeout: timeoutMs,
    keepaliveInterval: timeoutMs / keepAliveMisses,
    keepaliveCountMax: keepAliveMisses,
    algorithms: toAlgorithms(trust.types, allowsWeak),
    // Without it the library takes any key.
    hostVerifier(key: Buffer): boolean {
      const refusal = trust.refuse(key)
      if (refusal !== undefined) report(new FileError('untrusted', refusal))
      return refusal === undefined
    },
    authHandler: toMethods(identity),
  }
}

/** What is tried, in this order; where the server wants both, both are. */
function toMethods({ username, key, password }: SshIdentity): AnyAuthMethod[] {
  const methods: AnyAuthMethod[] = []
  if (key !== undefined) methods.push({ type: 'publickey', username, key })
  if (password !== undefined) methods.push({ type: 'password', username, password })
  return methods
}

/** The first error of a connection, or its end; all later ones are nobody's. */
function firstProblem(client: Client): {
  promise: Promise<never>
  readonly report: (error: unknown) => void
} {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => undefined)
  client.on('error', reject)
  client.on('close', () => reject(new FileError('unavailable', 'the server closed the connection')))
  return { promise, report: reject }
}

const codes: Readonly<Record<string, FileErrorCode>> = {
  handshake: 'untrusted',
  'client-authentication': 'unauthenticated',
}

function toFileError(error: unknown): FileError {
  if (error instanceof FileError) return error
  const { message, level = '' } = error as Error & { readonly level?: string }
  return new FileError(codes[level] ?? 'unavailable', message, { cause: error })
}
