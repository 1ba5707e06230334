export { toAdapter } from './adapter.ts'
export type { Adapter } from './adapter.ts'
