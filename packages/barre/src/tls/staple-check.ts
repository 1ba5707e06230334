import { X509Certificate } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import { allowUnstapled, BoundedCache } from '../core/index.ts'
import { asksForStaples, checkChain, judgeOcspResponse } from '../crypto/keys/index.ts'
import type { DetailedPeerCertificate, SecureContextOptions } from 'node:tls'
import type { ClientCertValidation } from '../core/index.ts'

/** Why a server is refused by what it stapled; `undefined` where its certificate is known to be good. */
export type StapleCheck = (
  response: Buffer | undefined,
  peer: DetailedPeerCertificate,
  trust: SecureContextOptions['ca'],
) => Error | undefined

/** The longest chain that is followed; what judges it has a smaller limit of its own. */
const chainMax = 16

/** Judges what servers staple (RFC 6066 §8), and remembers which responses were good. */
export function stapleCheck(config: ClientCertValidation, now: () => number): StapleCheck {
  const { cacheSize, cacheValidityPeriod: maxAgeSeconds } = config
  const verified = new BoundedCache<string, true>({ maxEntries: cacheSize, maxBytes: Infinity })
  const trusted = trustReader()
  return (response, peer, trust) => {
    const chain = toChain(peer)
    const [certificate] = chain
    if (certificate === undefined) return refusal('it shows no certificate')
    if (response === undefined) {
      const mayBeAbsent = config[allowUnstapled] === true && !asksForStaples(certificate)
      return mayBeAbsent ? undefined : refusal('it staples no OCSP response')
    }
    const nowMs = now()
    const key = `${certificate.fingerprint256} ${response.toString('base64')}`
    if (verified.get(key, nowMs) === true) return undefined
    // The chain that node:tls shows is in part what the peer sent: the issuer is found, and proven, here.
    const path = checkChain(chain, { trusted: trusted(trust), nowMs, purpose: 'server' })
    if (!path.ok) return refusal(path.denial.detail)
    const issuer = path.value[1]
    if (issuer === undefined)
      return refusal('no issuer can vouch for a certificate that is trusted by itself')
    const verdict = judgeOcspResponse(response, { certificate, issuer, nowMs, maxAgeSeconds })
    if (verdict.status !== 'good') return refusal(verdict.detail)
    const expiresAtMs = Math.min(verdict.endsAtMs, nowMs + maxAgeSeconds * 1000)
    verified.set(key, true, { bytes: key.length, expiresAtMs })
    return undefined
  }
}

function refusal(detail: string): Error {
  return Object.assign(new Error(`the server is not proven to be unrevoked: ${detail}`), {
    code: 'ERR_BARRE_OCSP',
  })
}

/** Leaf first, up to a certificate that issued itself. */
function toChain(peer: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  const seen = new Set<string>()
  // With no certificate node:tls gives an empty object, and none has no issuer.
  let next: DetailedPeerCertificate | undefined = peer
  while (next?.raw !== undefined && !seen.has(next.fingerprint256) && chain.length < chainMax) {
    seen.add(next.fingerprint256)
    chain.push(new X509Certificate(next.raw))
    next = next.issuerCertificate
  }
  return chain
}

/** The trusted certificates of a context, read once for as long as it stays the same. */
function trustReader(): (trust: SecureContextOptions['ca']) => readonly X509Certificate[] {
  let last:
    | { readonly trust: SecureContextOptions['ca']; readonly read: readonly X509Certificate[] }
    | undefined
  return (trust) => {
    if (last === undefined || last.trust !== trust) {
      const texts = trust === undefined ? getCACertificates('default') : [trust].flat()
      last = { trust, read: texts.map((text) => new X509Certificate(text)) }
    }
    return last.read
  }
}
