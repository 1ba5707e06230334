import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { compileAuth, createServices } from '../src/auth/index.ts'
import type { AuthConfig } from '../src/auth/index.ts'
import { fastifyPlugin } from '../src/transports/fastify/index.ts'
import type { HttpOptions } from '../src/transports/http/index.ts'
import { namedTokens } from './http-wire.ts'

export type BarreOptions = HttpOptions & { readonly auth: AuthConfig | false }

export const barre = fastifyPlugin<BarreOptions>(({ auth }, log) =>
  compileAuth(auth, createServices({ log })),
)
export const options = (): BarreOptions => ({ auth: [{ provider: namedTokens() }] })
export const show = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply.send({ username: request.principal?.username, body: request.body })
export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` })

export function createApp(context: TestContext): FastifyInstance {
  const app = Fastify()
  context.after(() => app.close())
  return app
}
