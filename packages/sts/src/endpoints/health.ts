import type { FastifyInstance } from 'fastify'

/** `/health`: the process answers. `/ready`: and all that it depends on can be used. */
export function addHealthEndpoints(app: FastifyInstance, ready: () => Promise<boolean>): void {
  app.get('/health', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { status: 'up' }
  })
  app.get('/ready', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    if (await ready()) return { status: 'ready' }
    return reply.status(503).send({ status: 'not ready' })
  })
}
