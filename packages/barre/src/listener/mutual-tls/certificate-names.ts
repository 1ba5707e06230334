import type { X509Certificate } from 'node:crypto'

type NamedCertificate = Pick<X509Certificate, 'subjectAltName' | 'toLegacyObject'>

/** The names of a certificate, as identities are written in the configuration; the strongest kind first. */
export function certificateNames(certificate: NamedCertificate): readonly string[] {
  const names = alternativeNames(certificate.subjectAltName ?? '')
  const valuesOf = (type: string): string[] =>
    names.filter((name) => name[0] === type && name[1] !== '').map(([, value]) => value)
  const uris = valuesOf('URI')
  return [
    // SPIFFE X509-SVID §2: exactly one URI name, or there is no telling which one the issuer meant.
    ...(uris.length === 1 ? uris.filter((uri) => uri.startsWith('spiffe://')) : []),
    ...valuesOf('DNS').map((value) => `dns:${value.toLowerCase()}`),
    ...valuesOf('email').map((value) => `email:${value}`),
    ...commonName(certificate),
  ]
}

// Node writes `URI:spiffe://a/b, DNS:c`, and a value with anything special in it as a JSON string.
const oneName = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y

/** The subject alternative names; none at all when the text is not understood to its end. */
function alternativeNames(text: string): readonly (readonly [type: string, value: string])[] {
  const names: [string, string][] = []
  let end = 0
  while (end < text.length) {
    oneName.lastIndex = end
    const match = oneName.exec(text)
    if (match === null) return []
    const [, type = '', value = ''] = match
    names.push([type, value.startsWith('"') ? (JSON.parse(value) as string) : value])
    end = oneName.lastIndex
  }
  return names
}

function commonName(certificate: NamedCertificate): readonly string[] {
  // Several common names come as a list: again no telling which one is meant.
  const name: unknown = certificate.toLegacyObject().subject?.CN
  return typeof name === 'string' && name !== '' ? [`cn:${name}`] : []
}
