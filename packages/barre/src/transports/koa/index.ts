export { protect, open } from './guard.ts'
export type { Allow, Application, Context, Guarded, Middleware } from './guard.ts'
