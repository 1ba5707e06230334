export { authMetadata } from './demands.ts'
export { toModule } from './module.ts'
export type { Parser } from './http-wire.ts'
export type { ModuleOptions } from './module.ts'
