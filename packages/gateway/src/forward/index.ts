export { announcesTooMuch } from './limited-body.ts'
export { createUpstream } from './upstream.ts'
export { toFailure } from './failure.ts'
export type { Upstream } from './upstream.ts'
