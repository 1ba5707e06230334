export { protect, open } from './guard.ts'
export type { Allow } from './guard.ts'
export { applicationMaxDepth } from './check.ts'
