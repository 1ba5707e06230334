import { checkEndpoint, ConfigError } from '../../core/index.ts'
import type { allowInsecureEndpoint } from '../../core/index.ts'

/** Reads `baseUrl`: an endpoint without query and fragment. */
export function toBaseUrl(url: unknown, options: { readonly [allowInsecureEndpoint]?: boolean }): URL {
  if (typeof url !== 'string') throw new ConfigError('baseUrl', 'expected the URL that paths are appended to')
  const base = checkEndpoint(url, 'baseUrl', options)
  if (base.search === '' && base.hash === '') return base
  throw new ConfigError('baseUrl', 'a query or fragment cannot be kept; leave it out')
}

/**
 * The URL of a call: `path` appended to the base, or a URL of the base's origin. Throws TypeError for what would leave
 * the origin, or climb out of the base's path: the credential is meant for what is below it.
 */
export function toTarget(base: URL, path: string | URL): URL {
  const prefix = prefixOf(base)
  const target =
    path instanceof URL || URL.canParse(path)
      ? new URL(path)
      : new URL(`${base.origin}${prefix}${/^[/?#]|^$/.test(path) ? '' : '/'}${path}`)
  if (target.origin !== base.origin) {
    throw new TypeError(`the call would leave ${base.origin}: make a client for each origin`)
  }
  if (!isWithin(base, target)) {
    throw new TypeError(`the call would leave ${base.href}: the path climbs out of it`)
  }
  return target
}

/** Whether a URL is the base or below it: where the credential may go. */
export function isWithin(base: URL, target: URL): boolean {
  const prefix = prefixOf(base)
  return (
    target.origin === base.origin && (target.pathname === prefix || target.pathname.startsWith(`${prefix}/`))
  )
}

function prefixOf(base: URL): string {
  return base.pathname.replace(/\/$/, '')
}
