/** The one list of listening wires: a line here gives every provider this wire too. */
export { express } from './express.ts'
export { fastify } from './fastify.ts'
export { grpc } from './grpc.ts'
export { http } from './http.ts'
export { hono } from './hono.ts'
export { koa } from './koa.ts'
