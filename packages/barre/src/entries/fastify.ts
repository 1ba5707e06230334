import type { FastifyPluginAsync } from 'fastify'
import { compileAuth, createServices } from '../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../auth/index.ts'
import { fastifyPlugin } from '../transports/fastify/index.ts'
import type { HttpOptions } from '../transports/http/index.ts'

// Without it the declarations of this file would not lead to those of `request.principal` and `app.barre`.
export type * from '../transports/fastify/index.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    auth?: ResourceAuth
  }
}

export interface BarreOptions extends HttpOptions {
  readonly auth: AuthConfig | false
  readonly services?: NonNullable<Parameters<typeof createServices>[0]>
}

/** The Fastify 5 plugin: guards every route of the plugin that registers it, and of those below. */
export const barre: FastifyPluginAsync<BarreOptions> = fastifyPlugin((options, log) =>
  compileAuth(options.auth, createServices({ log, ...options.services })),
)
