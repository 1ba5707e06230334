export { hkdf } from './hkdf.ts'
export type { HkdfOptions } from './hkdf.ts'
