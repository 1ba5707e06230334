import { checkEndpoint, ok, readBody, refuse } from '../core/index.ts'
import type { ClientConfiguration, Fetch, Result } from '../core/index.ts'
import { parseJsonObject } from '../jose/index.ts'

/** The largest metadata document that is read, in bytes. */
const metadataMaxBytes = 131_072

/**
 * A URL in an issuer's metadata (RFC 8414 §3, then OpenID Connect Discovery). `invalid`: the issuer publishes none.
 * Rejects when they cannot be had, speak of another issuer or lack the member.
 */
export async function discoverUrl(
  issuer: string,
  member: 'introspection_endpoint' | 'jwks_uri',
  fetch: Fetch,
  config: ClientConfiguration,
): Promise<Result<URL>> {
  for (const url of metadataUrls(issuer)) {
    const response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual' })
    const bytes = await readBody(response, metadataMaxBytes)
    if (response.status === 404) continue
    if (response.status !== 200 || bytes === undefined) {
      throw new Error(`the metadata of the issuer cannot be read: status ${response.status}`)
    }
    const metadata = parseJsonObject(bytes, 'the metadata', metadataMaxBytes)
    if (!metadata.ok) throw new Error(metadata.denial.detail)
    const { issuer: named, [member]: endpoint } = metadata.value
    // RFC 8414 §3.3: otherwise one issuer could speak for another.
    if (named !== issuer) throw new Error('the metadata is that of another issuer')
    if (typeof endpoint !== 'string') throw new Error(`the metadata names no ${member}`)
    return ok(checkEndpoint(endpoint, member, config))
  }
  return refuse('invalid', 'the issuer publishes no metadata')
}

// RFC 8414 §3.1: the well-known part stands before the issuer's path; in OpenID Connect, behind it.
function metadataUrls(issuer: string): readonly URL[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    new URL(`${origin}/.well-known/oauth-authorization-server${path}`),
    new URL(`${origin}${path}/.well-known/openid-configuration`),
  ]
}
