import { X509Certificate } from 'node:crypto'
import { ok, refuse, toPrincipal } from '../../core/index.ts'
import type { Authenticated, Provider, ProviderKind, Result } from '../../core/index.ts'
import { mutualTlsShape } from './config.ts'
import type { MutualTlsConfig } from './config.ts'
import { certificateNames } from './certificate-names.ts'

/** `{ mutualTlsConfig: {...} }` */
export const mutualTlsKind: ProviderKind<'mutualTlsConfig', MutualTlsConfig> = {
  key: 'mutualTlsConfig',
  shape: mutualTlsShape,
  create: (config, services): Provider<Uint8Array> => ({
    schemes: [],
    needsClientCertificate: true,
    read: ({ peer }) => (peer.certificate === undefined ? undefined : ok(peer.certificate)),
    verify: (certificate) => identify(certificate, config, services.now()),
    challenges: () => [],
  }),
}

function identify(der: Uint8Array, config: MutualTlsConfig, nowMs: number): Result<Authenticated> {
  const certificate = parse(der)
  if (certificate === undefined) return refuse('malformed', 'the client certificate cannot be read')
  const expiresAtMs = certificate.validToDate.getTime()
  // The handshake looked at the dates once; a connection can outlive them.
  if (expiresAtMs <= nowMs) return refuse('expired', 'the client certificate expired')
  const caller = recognise(certificateNames(certificate), config)
  if (caller === undefined) return refuse('invalid', 'the client certificate names no known identity')
  const { identity, scopes } = caller
  const principal = toPrincipal({
    id: identity,
    username: identity,
    scheme: 'mutual-tls',
    scopes,
    expiresAtSeconds: Math.floor(expiresAtMs / 1000),
  })
  return ok({ principal })
}

function parse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

function recognise(
  names: readonly string[],
  config: MutualTlsConfig,
): { readonly identity: string; readonly scopes: readonly string[] } | undefined {
  if (config.identities === undefined) {
    const [identity] = names
    return identity === undefined ? undefined : { identity, scopes: config.anyFromCa }
  }
  for (const [identity, scopes] of Object.entries(config.identities)) {
    if (names.includes(identity)) return { identity, scopes }
  }
  return undefined
}
