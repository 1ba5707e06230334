import { ConfigError } from '../../core/index.ts'

/** The web origins whose pages may open connections. */
export interface Origins {
  allows(origin: string): boolean
}

/**
 * Compiles `allowedOrigins`; our own `publicOrigin` is one of them. Origins are compared as browsers write them
 * (RFC 6454 §6.2), so `null` and a longer name never match.
 */
export function toOrigins(allowed: readonly string[] | undefined, publicOrigin: string): Origins {
  if (allowed !== undefined && !Array.isArray(allowed))
    throw new ConfigError('allowedOrigins', 'expected a list')
  const known = new Set(
    (allowed ?? []).map((origin, index) => checkOrigin(origin, `allowedOrigins[${index}]`)),
  )
  if (publicOrigin !== '') known.add(publicOrigin)
  return { allows: (origin) => known.has(origin) }
}

function checkOrigin(origin: unknown, path: string): string {
  if (typeof origin === 'string' && /^https?:[^*]+$/.test(origin) && URL.parse(origin)?.origin === origin)
    return origin
  throw new ConfigError(path, "expected scheme and host only, such as 'https://shop.example'")
}
