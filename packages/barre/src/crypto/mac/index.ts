export { hmac, hmacFile, hmacStream, legacyHmac, legacyHmacStream, verifyHmac } from './hmac.ts'
export type { HmacAlgorithm, HmacOptions, LegacyHmacAlgorithm } from './hmac.ts'
