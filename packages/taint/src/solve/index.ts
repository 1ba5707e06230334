export type { Finding, ReportAt } from './findings.ts'
export type { Solution, SolveInput } from './solve.ts'
export { solve } from './solve.ts'
