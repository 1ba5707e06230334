export { crc32, crc32File, crc32Stream } from './crc32.ts'
export { hash, hashFile, hashStream, legacyHash, legacyHashStream } from './hash.ts'
export type { HashAlgorithm, HashOptions, LegacyHashAlgorithm } from './hash.ts'
