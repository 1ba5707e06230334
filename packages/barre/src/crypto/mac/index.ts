export { hmac, hmacFile, hmacStream, legacyHmac, verifyHmac } from './hmac.ts'
export type { HmacAlgorithm, HmacOptions, LegacyHmacAlgorithm } from './hmac.ts'
