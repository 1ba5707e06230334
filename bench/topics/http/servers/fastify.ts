import jwtPlugin from '@fastify/jwt'
import { barre } from 'barre/fastify'
import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { Issued } from '../../jwt/tokens.ts'
import { answer, forgetful, toAuth, toBareCheck } from './service.ts'
import type { Service } from './service.ts'

const bare = 'Fastify, bare'
const checked = 'Fastify, bare, and crypto.verify'
const cacheTtlMs = 3_600_000

export const fastifyServices: readonly Service[] = [
  { name: bare, isOpen: true, listen: () => listen(async () => undefined) },
  { name: checked, isOpen: true, listen: (issued) => listen((app) => addBareCheck(app, issued)) },
  {
    name: 'barre/fastify, cold',
    limit: checked,
    isOurs: true,
    listen: (issued) => listen(async (app) => app.register(barre, { auth: toAuth(issued, forgetful) })),
  },
  { name: '@fastify/jwt', limit: checked, listen: (issued) => listen((app) => addPeer(app, issued, false)) },
  {
    name: 'barre/fastify, warm',
    limit: bare,
    isOurs: true,
    listen: (issued) => listen(async (app) => app.register(barre, { auth: toAuth(issued) })),
  },
  {
    name: '@fastify/jwt with cache',
    limit: bare,
    listen: (issued) => listen((app) => addPeer(app, issued, 1000)),
  },
]

async function listen(guard: (app: FastifyInstance) => Promise<unknown>): Promise<number> {
  const app = fastify()
  await guard(app)
  app.get('/order', () => answer)
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  return Number(new URL(address).port)
}

/** Before each call, one bare signature check. */
export async function addBareCheck(app: FastifyInstance, issued: Issued): Promise<void> {
  const check = await toBareCheck(issued)
  app.addHook('onRequest', (_request, _reply, done) => {
    check()
    done()
  })
}

/** `cache`: how many tokens it remembers. */
export async function addPeer(app: FastifyInstance, issued: Issued, cache: number | false): Promise<void> {
  await app.register(jwtPlugin, {
    secret: { public: String(issued.pem), private: '' },
    verify: {
      algorithms: ['RS256'],
      allowedIss: issued.issuer,
      allowedAud: issued.audience,
      requiredClaims: ['exp'],
      cache,
      cacheTTL: cacheTtlMs,
    },
  })
  app.addHook('onRequest', async (request) => {
    await request.jwtVerify()
  })
}
