import fastify from 'fastify'
import { ConfigError, isLoopback } from 'barre/core'
import { addHealthEndpoints } from '../endpoints/health.ts'
import type { AdminConfig } from '../config.ts'
import type { Desk } from '../desk.ts'

/** A listener that only operators reach: counts for Prometheus, and health. */
export async function startAdmin(
  { host = '127.0.0.1', port }: AdminConfig,
  desk: () => Desk,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  if (!isLoopback(host) && !isPrivate(host)) {
    throw new ConfigError(
      'admin.host',
      'expected loopback or a private address: what is there is for operators',
    )
  }
  const app = fastify({ exposeHeadRoutes: false, logger: false })
  app.get('/metrics', async (_request, reply) => {
    reply
      .header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      .header('cache-control', 'no-store')
    return desk().metrics.text()
  })
  addHealthEndpoints(app, () => desk().ready())
  return { url: await app.listen({ host, port }), close: () => app.close() }
}

// RFC 1918, RFC 4193.
const privateForms = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:)/i

function isPrivate(host: string): boolean {
  return privateForms.test(host)
}
