export { protect, open } from './guard.ts'
export type { Allow, Application, ExpressOptions, Middleware } from './guard.ts'
export { routerMaxDepth } from './check.ts'
