import { enterExtension, readTbs } from './certificate.ts'
import { contextTag, tags } from './der.ts'
import type { X509Certificate } from 'node:crypto'

const authorityInformation = '1.3.6.1.5.5.7.1.1'
const ocspAccess = '1.3.6.1.5.5.7.48.1'
const tlsFeature = '1.3.6.1.5.5.7.1.24'
/** The TLS extension that asks for a response: RFC 6066 §8. */
const statusRequest = 5

/** The first http(s) URL at which a certificate says that its OCSP responder is (RFC 5280 §4.2.2.1). */
export function ocspResponderOf(certificate: X509Certificate): string | undefined {
  const extension = readTbs(certificate).extensions.get(authorityInformation)
  if (extension === undefined) return undefined
  const descriptions = enterExtension(extension)
  while (descriptions.hasMore) {
    const description = descriptions.enter()
    const method = description.oid()
    const { tag, content } = description.next()
    const url = content.toString('latin1')
    const isUrl = tag === contextTag(6, 'primitive') && /^https?:/i.test(url) && URL.canParse(url)
    if (method === ocspAccess && isUrl) return url
  }
  return undefined
}

/** Whether a certificate says that its server staples a response to each handshake (RFC 7633). */
export function asksForStaples(certificate: X509Certificate): boolean {
  const extension = readTbs(certificate).extensions.get(tlsFeature)
  if (extension === undefined) return false
  const features = enterExtension(extension)
  while (features.hasMore) {
    const { content } = features.next(tags.integer)
    if (content.length === 1 && content[0] === statusRequest) return true
  }
  return false
}
