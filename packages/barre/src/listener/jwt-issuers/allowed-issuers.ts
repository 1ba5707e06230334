import { checkEndpoint, ConfigError } from '../../core/index.ts'
import type { ClientConfiguration } from '../../core/index.ts'

/** How an issuer stands in the list: by name, by a pattern, or not at all. */
export type Listed = 'named' | 'pattern' | undefined

const placeholder = /(?<!\/)\/\{[A-Za-z_][A-Za-z0-9_]*\}(?=\/|$)/g
/** What may stand in a placeholder's stead: one segment that neither a URL nor a router could read in another way. */
const segment = '/[A-Za-z0-9][A-Za-z0-9._~-]{0,127}'

/**
 * Compiles `issuers`. Placeholders are whole path segments only: scheme, host and port of an issuer are always ours,
 * so no token can send us elsewhere. Throws ConfigError.
 */
export function toAllowed(
  issuers: readonly string[],
  path: string,
  clientConfig: ClientConfiguration,
): (issuer: string) => Listed {
  const names = new Set<string>()
  const patterns: RegExp[] = []
  for (const [index, issuer] of issuers.entries()) {
    const literals = issuer.split(placeholder)
    checkIssuer(literals.join('/x'), `${path}[${index}]`, clientConfig)
    if (literals.length === 1) names.add(issuer)
    else patterns.push(new RegExp(`^${literals.map((literal) => RegExp.escape(literal)).join(segment)}$`))
  }
  return (issuer) => {
    if (names.has(issuer)) return 'named'
    return patterns.some((pattern) => pattern.test(issuer)) ? 'pattern' : undefined
  }
}

function checkIssuer(example: string, path: string, clientConfig: ClientConfiguration): void {
  if (/[{}]/.test(example)) {
    throw new ConfigError(
      path,
      'expected {name} only in place of a whole path segment, as in https://host/{tenant}/',
    )
  }
  const url = checkEndpoint(example, path, clientConfig)
  // RFC 8414 §2: neither query nor fragment.
  if (url.search === '' && url.hash === '' && [url.href, url.origin].includes(example)) return
  throw new ConfigError(path, 'expected a URL in its usual spelling, without query and fragment')
}
