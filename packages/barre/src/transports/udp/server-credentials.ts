import { ConfigError } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { toServerOptions, watchCertificates } from '../../tls/index.ts'
import type { CertificateWatcher } from '../../tls/index.ts'
import { toPskKey, toSuites, toTlsFields } from './config.ts'
import type { DtlsServerConfig } from './config.ts'
import { judgeChain, toAuthorities, toIdentity } from './credentials.ts'
import { suiteKindOf } from './dtls/index.ts'
import type { ServerHandshakeConfig } from './dtls/index.ts'

/** What each handshake of a server is made with: its files as they are then. */
export interface ServerCredentials {
  current(): ServerHandshakeConfig
  close(): void
}

export function serverCredentials(
  { secureSocket, sharedKeys }: DtlsServerConfig,
  { now, log }: Pick<Services, 'now' | 'log'>,
): ServerCredentials {
  if (secureSocket === undefined && sharedKeys === undefined) {
    throw new ConfigError('secureSocket', 'required, but absent: a certificate, or else sharedKeys')
  }
  const suites = toSuites(secureSocket)
  const shared = { suites, ...(sharedKeys !== undefined && { pskOf: toKeys(sharedKeys) }) }
  if (secureSocket === undefined) return { current: () => shared, close: () => undefined }

  const fields = toTlsFields(secureSocket)
  let current: ServerHandshakeConfig = shared
  const take = (options: Parameters<typeof toIdentity>[0]): void => {
    const { mutualSsl } = fields
    const authorities = mutualSsl === undefined ? [] : toAuthorities(options)
    const trust = { authorities, purpose: 'client', now: () => now() } as const
    current = {
      ...shared,
      identity: toIdentity(options)!,
      ...(mutualSsl !== undefined && {
        clients: {
          isRequired: mutualSsl.verifyClient !== 'OPTIONAL',
          judge: (chain) => judgeChain(chain, trust),
        },
      }),
    }
  }
  // Read once before the watcher, which keeps to itself what is wrong with a field.
  take(toServerOptions(fields, 'secureSocket', () => now()))
  refuseUselessSuites(current)
  const watcher: CertificateWatcher = watchCertificates({ setSecureContext: take }, fields, { log, now })
  return { current: () => current, close: () => watcher.close() }
}

function toKeys(sharedKeys: NonNullable<DtlsServerConfig['sharedKeys']>) {
  const keys = new Map(
    Object.entries(sharedKeys).map(([identity, key]) => [
      identity,
      toPskKey(identity, key, `sharedKeys["${identity}"]`),
    ]),
  )
  if (keys.size === 0) throw new ConfigError('sharedKeys', 'expected at least one identity')
  return (identity: string): Uint8Array | undefined => keys.get(identity)
}

function refuseUselessSuites({ suites, identity, pskOf }: ServerHandshakeConfig): void {
  const kind = suiteKindOf(identity!.key)
  if (suites.some(({ signedBy }) => signedBy === kind)) return
  throw new ConfigError(
    'secureSocket.ciphers',
    pskOf === undefined
      ? 'none of them goes with the key'
      : 'none of them goes with the key; leave the key out',
  )
}
