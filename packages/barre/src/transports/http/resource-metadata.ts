import { checkEndpoint, ConfigError, flag, list, optional, record, text } from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'
import { normalisePath } from './path.ts'
import type { HttpRefusal } from './refusal.ts'

/** What a protected resource says of itself to its clients (RFC 9728 §2); its names are the standard's. */
export interface ResourceMetadataConfig {
  /** The resource's identifier, an https URL; default `publicOrigin` with `publicPath`. */
  readonly resource?: string
  /** The issuers whose tokens let in. */
  readonly authorizationServers?: readonly string[]
  readonly jwksUri?: string
  readonly scopesSupported?: readonly string[]
  /** Default `['header']`. */
  readonly bearerMethodsSupported?: readonly string[]
  readonly resourceSigningAlgValuesSupported?: readonly string[]
  readonly resourceName?: string
  readonly resourceDocumentation?: string
  readonly resourcePolicyUri?: string
  readonly resourceTosUri?: string
  readonly tlsClientCertificateBoundAccessTokens?: boolean
  readonly authorizationDetailsTypesSupported?: readonly string[]
  readonly dpopSigningAlgValuesSupported?: readonly string[]
  readonly dpopBoundAccessTokensRequired?: boolean
}

/** The document, ready to be served. */
export interface ResourceMetadata {
  /** What challenges point to. */
  readonly url: string
  /** Where it is served, on whichever path the service itself stands. */
  readonly path: string
  readonly answer: HttpRefusal
}

const wellKnown = '/.well-known/oauth-protected-resource'
/** How long a client may rely on the document, in seconds. */
const maxAgeSeconds = 300

const texts = optional(list(text(), 1))

const shape: Shape<ResourceMetadataConfig> = record<ResourceMetadataConfig>({
  resource: optional(text()),
  authorizationServers: texts,
  jwksUri: optional(text()),
  scopesSupported: texts,
  bearerMethodsSupported: texts,
  resourceSigningAlgValuesSupported: texts,
  resourceName: optional(text()),
  resourceDocumentation: optional(text()),
  resourcePolicyUri: optional(text()),
  resourceTosUri: optional(text()),
  tlsClientCertificateBoundAccessTokens: optional(flag()),
  authorizationDetailsTypesSupported: texts,
  dpopSigningAlgValuesSupported: texts,
  dpopBoundAccessTokensRequired: optional(flag()),
})

/** Compiles `resourceMetadata`; `origin` is what clients put before our paths. Throws ConfigError. */
export function toResourceMetadata(config: ResourceMetadataConfig, origin: string): ResourceMetadata {
  const checked = shape.check(config, 'resourceMetadata')
  const url = checkResource(checked.resource ?? origin, origin)
  for (const [index, server] of (checked.authorizationServers ?? []).entries()) {
    checkEndpoint(server, `resourceMetadata.authorizationServers[${index}]`)
  }
  // RFC 9728 §3.1: the well-known part stands before the resource's own path.
  const path = wellKnown + (url.pathname === '/' ? '' : url.pathname)
  const resource = checked.resource ?? origin
  const body = JSON.stringify(toDocument({ bearerMethodsSupported: ['header'], ...checked, resource }))
  const headers: HttpRefusal['headers'] = [
    ['cache-control', `public, max-age=${maxAgeSeconds}`],
    ['content-type', 'application/json'],
    ['content-length', String(Buffer.byteLength(body))],
  ]
  return { url: url.origin + path, path, answer: { status: 200, headers, body } }
}

function checkResource(resource: string, origin: string): URL {
  const path = 'resourceMetadata.resource'
  if (resource === '') throw new ConfigError(path, 'required, since there is no publicOrigin')
  const url = checkEndpoint(resource, path)
  const normal = normalisePath(url.pathname)
  if (url.search !== '' || url.hash !== '' || !normal.ok || normal.value !== url.pathname) {
    throw new ConfigError(path, 'expected a URL with a plain path, without query and fragment')
  }
  if (origin === '' || url.origin === new URL(origin).origin) return url
  throw new ConfigError(path, 'expected a URL of publicOrigin, where its metadata is then looked for')
}

function toDocument(config: object): object {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [toSnakeCase(name), value]))
}

function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

// Schemes of OAuth2 tokens: for others there is no authorization server to find.
const tokenScheme = /^(Bearer|DPoP)( |$)/i

/** Adds where the metadata are to a challenge for a token (RFC 9728 §5.1). */
export function withMetadataUrl(challenge: string, metadata: ResourceMetadata | undefined): string {
  if (metadata === undefined || !tokenScheme.test(challenge)) return challenge
  return `${challenge}${challenge.includes(' ') ? ',' : ''} resource_metadata="${metadata.url}"`
}
