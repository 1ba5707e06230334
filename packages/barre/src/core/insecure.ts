/**
 * Options that weaken a guarantee. They are symbols, so that none can be set by a typing slip or from a
 * configuration
 * file, and each use is one `grep allow` away.
 */

/** Serve `auth` over plain HTTP on an address off loopback. */
export const allowInsecureListener: unique symbol = Symbol('barre.allowInsecureListener')
/** Fetch keys, tokens or introspection answers over plain HTTP from an address off loopback. */
export const allowInsecureEndpoint: unique symbol = Symbol('barre.allowInsecureEndpoint')
/** Accept an HMAC secret that is short or publicly known. */
export const allowWeakSecret: unique symbol = Symbol('barre.allowWeakSecret')
/** Accept a token in the query of the URL (RFC 6750 §2.3), where logs, histories and Referer headers keep it. */
export const allowQueryToken: unique symbol = Symbol('barre.allowQueryToken')
/** Accept plain-text passwords in a user store. */
export const allowPlainPasswords: unique symbol = Symbol('barre.allowPlainPasswords')
/** Accept WebSub content that is signed with SHA-1, which hubs of before 2018 may know only. */
export const allowSha1Signature: unique symbol = Symbol('barre.allowSha1Signature')
/** Accept a server that staples no OCSP response, where `certValidation` asks for one. */
export const allowUnstapled: unique symbol = Symbol('barre.allowUnstapled')
/** Speak SSH with SHA-1 and CBC, which servers of before 2015 may know only. */
export const allowWeakAlgorithms: unique symbol = Symbol('barre.allowWeakAlgorithms')
