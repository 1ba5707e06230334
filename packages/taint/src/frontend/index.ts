export type { Problem, Program, ProgramInput } from './program.ts'
export { MAX_FILE_BYTES, readProgram } from './program.ts'
