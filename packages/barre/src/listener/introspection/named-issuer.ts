/**
 * The `iss` that a token claims for itself when it looks like a JWT. Lenient on purpose: this decides what leaves the
 * house, and a token of a stranger must not leave because it is oddly written. Nothing is ever believed from here.
 */
export function namedIssuer(token: string): string | undefined {
  const segments = token.split('.')
  if (segments.length !== 3) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(segments[1] ?? '', 'base64url').toString('utf8'))
    if (typeof claims !== 'object' || claims === null) return undefined
    const { iss } = claims as { readonly iss?: unknown }
    return typeof iss === 'string' ? iss : JSON.stringify(iss)
  } catch {
    return undefined
  }
}
