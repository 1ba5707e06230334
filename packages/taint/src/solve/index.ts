export type { Finding } from './findings.ts'
export { solve } from './solve.ts'
