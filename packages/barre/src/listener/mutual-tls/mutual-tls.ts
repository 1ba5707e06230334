import { X509Certificate } from 'node:crypto'
import { ok, refuse, toPrincipal } from '../../core/index.ts'
import type { Authenticated, Provider, ProviderKind, Result, Services } from '../../core/index.ts'
import { mutualTlsShape } from './config.ts'
import type { MutualTlsConfig } from './config.ts'
import { certificateNames } from './certificate-names.ts'

/** `{ mutualTlsConfig: {...} }` */
export const mutualTlsKind: ProviderKind<'mutualTlsConfig', MutualTlsConfig> = {
  key: 'mutualTlsConfig',
  shape: mutualTlsShape,
  create: createMutualTls,
}

function createMutualTls(config: MutualTlsConfig, services: Services): Provider<Uint8Array> {
  // A wire hands over the same bytes for every call of a connection: they are parsed once.
  const seen = new WeakMap<Uint8Array, Result<Authenticated>>()
  return {
    schemes: [],
    needsClientCertificate: true,
    read: ({ peer }) => (peer.certificate === undefined ? undefined : ok(peer.certificate)),
    verify(certificate) {
      const outcome = seen.get(certificate) ?? identify(certificate, config)
      seen.set(certificate, outcome)
      // The handshake looked at the dates once; a connection can outlive them.
      return isOver(outcome, services.now()) ? refuse('expired', 'the client certificate expired') : outcome
    },
    challenges: () => [],
  }
}

function isOver(outcome: Result<Authenticated>, nowMs: number): boolean {
  return outcome.ok && (outcome.value.principal.expiresAtSeconds ?? 0) * 1000 <= nowMs
}

function identify(der: Uint8Array, config: MutualTlsConfig): Result<Authenticated> {
  const certificate = parse(der)
  if (certificate === undefined) return refuse('malformed', 'the client certificate cannot be read')
  const caller = recognise(certificateNames(certificate), config)
  if (caller === undefined) return refuse('invalid', 'the client certificate names no known identity')
  const principal = toPrincipal({
    id: caller.identity,
    username: caller.identity,
    scheme: 'mutual-tls',
    scopes: caller.scopes,
    expiresAtSeconds: Math.floor(certificate.validToDate.getTime() / 1000),
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
