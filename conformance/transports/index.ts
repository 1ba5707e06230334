/** The one list of listening wires: a line here gives every provider this wire too. */
export { express } from './express.ts'
export { fastify, fastify2 } from './fastify.ts'
export { grpc } from './grpc.ts'
export { hono, hono2 } from './hono.ts'
export { http, http2 } from './http.ts'
export { koa, koa2 } from './koa.ts'
export { nest } from './nest.ts'
