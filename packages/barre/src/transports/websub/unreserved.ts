/**
 * A URL without needless escapes: letters, digits and `-._~` stand for themselves (RFC 3986 §2.3), so that two
 * spellings of one URL are equal (WebSub §5.1.1).
 */
export function decodeUnreserved(url: string): string {
  return url.replaceAll(/%([2-7][0-9A-Fa-f])/g, (escaped, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return /[\w.~-]/.test(character) ? character : escaped
  })
}
