import { expressServices } from './express.ts'
import { fastifyServices } from './fastify.ts'
import { honoServices } from './hono.ts'
import { koaServices } from './koa.ts'
import { nodeHttpServices } from './node-http.ts'
import type { Service } from './service.ts'

/** By framework: only what runs on the same one is compared. */
export const frameworks: Readonly<Record<string, readonly Service[]>> = {
  Fastify: fastifyServices,
  'node:http': nodeHttpServices,
  Express: expressServices,
  Hono: honoServices,
  Koa: koaServices,
}
