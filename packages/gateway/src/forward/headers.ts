/** Names that tell one connection's two ends how to talk (RFC 9110 §7.6.1): they end at each hop. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Names by which gateways, load balancers and frameworks tell a service who calls: from outside always a lie. */
const identityPrefixes = [
  'x-forwarded-',
  'x-auth-',
  'x-authenticated-',
  'x-authentik-',
  'x-amzn-oidc-',
  'x-barre-',
  'x-client-cert',
  'x-consumer-',
  'x-credential-',
  'x-goog-authenticated-user-',
  'x-goog-iap-',
  'x-jwt-',
  'x-ms-client-principal',
  'x-ms-token-',
  'x-oidc-',
  'x-remote-',
  'x-ssl-',
  'x-token-',
  'x-user-',
  'x-userinfo',
  'x-webauth-',
  'cf-access-',
  'remote-',
  'ssl-client-',
  'tailscale-user-',
  'oidc-',
]

// One expression instead of a loop: every header of every request is asked.
const identityPrefix = new RegExp(`^(?:${identityPrefixes.join('|')})`)

const identityNames: ReadonlySet<string> = new Set([
  'authorization',
  'client-cert',
  'client-cert-chain',
  'forwarded',
  'host',
  'true-client-ip',
  'via',
  'x-account',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-email',
  'x-groups',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-real-ip',
  'x-request-id',
  'x-rewrite-url',
  'x-roles',
  'x-scopes',
  'x-subject',
  'x-tenant',
  'x-user',
  'x-username',
])

/** A header list as it stands on the wire: name, value, name, value. */
export type RawHeaders = readonly string[]

/**
 * What of an inbound header list may travel on: no hop-by-hop field, nothing that Connection names, nothing that
 * speaks for the gateway. `also` holds further names, in lower case, that only the gateway may set.
 */
export function passableRequestHeaders(raw: RawHeaders, also: ReadonlySet<string>): string[] {
  const named = namedByConnection(raw)
  return filter(raw, (name) => {
    // CGI, WSGI and PHP read `X_User` and `X-User`, `Content_Length` and `Content-Length` alike.
    if (name.includes('_')) return false
    return !hopByHop.has(name) && !named.has(name) && !speaksForUs(name) && !also.has(name)
  })
}

/** What of an upstream's answer may travel back. */
export function passableResponseHeaders(raw: RawHeaders): string[] {
  const named = namedByConnection(raw)
  return filter(raw, (name) => !hopByHop.has(name) && !named.has(name) && name !== 'x-request-id')
}

function speaksForUs(name: string): boolean {
  return identityNames.has(name) || identityPrefix.test(name)
}

function namedByConnection(raw: RawHeaders): ReadonlySet<string> {
  const named = new Set<string>()
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]!.toLowerCase() !== 'connection') continue
    for (const name of raw[index + 1]!.split(',')) named.add(name.trim().toLowerCase())
  }
  return named
}

function filter(raw: RawHeaders, keep: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    if (keep(raw[index]!.toLowerCase())) kept.push(raw[index]!, raw[index + 1]!)
  }
  return kept
}
