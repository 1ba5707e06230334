import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { getCACertificates } from 'node:tls'
import { ConfigError } from '../../core/index.ts'
import { checkChain, readCertificates } from '../../crypto/keys/index.ts'
import { DtlsError, suiteKindOf } from './dtls/index.ts'
import type { AlertName, Identity } from './dtls/index.ts'

/** Our certificate and key, of options that `tls` has read and checked; none where there are none. */
export function toIdentity({ cert, key, passphrase }: SecureContextOptions): Identity | undefined {
  if (cert === undefined || key === undefined) return undefined
  const identity = {
    chain: readCertificates(cert as string),
    key: createPrivateKey({ key: key as string, ...(passphrase !== undefined && { passphrase }) }),
  }
  const { namedCurve = 'prime256v1' } = identity.key.asymmetricKeyDetails ?? {}
  if (suiteKindOf(identity.key) !== undefined && curves.includes(namedCurve)) return identity
  throw new ConfigError('secureSocket.key', 'expected a key for RSA, Ed25519, or ECDSA on P-256 or P-384')
}

const curves: readonly string[] = ['prime256v1', 'secp384r1']

/** Whom the options trust; without a list of theirs, whom the system trusts. */
export function toAuthorities({ ca }: SecureContextOptions): readonly X509Certificate[] {
  const pems = (ca as readonly string[] | undefined) ?? getCACertificates()
  return pems.map((pem) => new X509Certificate(pem))
}

export interface Trust {
  readonly authorities: readonly X509Certificate[]
  /** What the other side is. */
  readonly purpose: 'server' | 'client'
  readonly now: () => number
  /** The host that a server must be named for. */
  readonly host?: string | undefined
}

/** Throws the DtlsError of a chain that is not to be trusted, by the alert that says why. */
export function judgeChain(
  chain: readonly X509Certificate[],
  { authorities, purpose, now, host }: Trust,
): void {
  const verdict = checkChain(chain, { trusted: authorities, nowMs: now(), purpose })
  if (!verdict.ok) {
    const { code, detail } = verdict.denial
    const known = code === 'expired' ? 'certificate_expired' : 'bad_certificate'
    throw new DtlsError(code === 'invalid' ? whyInvalid(chain, authorities) : known, detail)
  }
  const leaf = chain[0]!
  if (host === undefined || isNamed(leaf, host)) return
  throw new DtlsError('bad_certificate', 'the certificate is for another host')
}

function whyInvalid(chain: readonly X509Certificate[], authorities: readonly X509Certificate[]): AlertName {
  const isKnown = authorities.some((ca) => chain.some((one) => one.raw.equals(ca.raw) || one.checkIssued(ca)))
  return isKnown ? 'bad_certificate' : 'unknown_ca'
}

/** By its alternative names alone (RFC 6125). */
function isNamed(certificate: X509Certificate, host: string): boolean {
  return isIP(host) === 0
    ? certificate.checkHost(host, { subject: 'never' }) !== undefined
    : certificate.checkIP(host) !== undefined
}
