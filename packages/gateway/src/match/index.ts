export { readTarget } from './target.ts'
export { routeTable } from './route-table.ts'
export type { RouteTable } from './route-table.ts'
export type { Target } from './target.ts'
