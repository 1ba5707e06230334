export { decode, encode } from './percent-encoding.ts'
export type { Charset, UrlOptions } from './percent-encoding.ts'
