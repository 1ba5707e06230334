const escapes = /%[0-9A-Fa-f]{2}/g
const unreserved = /^[A-Za-z0-9\-._~]$/

/**
 * Whether a proof's `htu` names the URL that was called, query and fragment aside (RFC 9449 §4.3, 9). The `htu` is
 * normalised (RFC 3986 §6.2.2, §6.2.3); of the target only the escapes are, so that a path with dot segments, which its
 * router may have read otherwise, has no proof.
 */
export function isSameUri(htu: string, target: string): boolean {
  const url = URL.parse(htu)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  if (url.username !== '' || url.password !== '') return false
  return url.origin + normaliseEscapes(url.pathname) === normaliseEscapes(withPath(target))
}

/** RFC 3986 §6.2.3: an empty path is `/`. */
function withPath(target: string): string {
  return /^https?:\/\/[^/]+$/.test(target) ? `${target}/` : target
}

/** RFC 3986 §6.2.2.1 and .2: unreserved characters show themselves, other escapes are upper case. */
function normaliseEscapes(text: string): string {
  return text.replace(escapes, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return unreserved.test(character) ? character : escape.toUpperCase()
  })
}
