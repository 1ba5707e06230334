export type { KnownTypes } from './library-types.ts'
export type { Absent, Problem } from './program.ts'
export { readProgram } from './program.ts'
