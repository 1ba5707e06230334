export type { Problem } from './program.ts'
export { readProgram } from './program.ts'
