import { serve } from '@hono/node-server'
import { protect } from 'barre/hono'
import { Hono } from 'hono'
import { jwk } from 'hono/jwk'
import type { MiddlewareHandler } from 'hono'
import type { Issued } from '../../jwt/tokens.ts'
import { answer, forgetful, toAuth, toBareCheck } from './service.ts'
import type { Service } from './service.ts'

const bare = 'Hono, bare'
const checked = 'Hono, bare, and crypto.verify'

export const honoServices: readonly Service[] = [
  { name: bare, isOpen: true, listen: () => listen() },
  { name: checked, isOpen: true, listen: listenChecked },
  {
    name: 'barre/hono, cold',
    limit: checked,
    isOurs: true,
    listen: (issued) => listenGuarded(issued, forgetful),
  },
  { name: 'hono/jwk', limit: checked, listen: (issued) => listen(toGuard(issued)) },
  { name: 'barre/hono, warm', limit: bare, isOurs: true, listen: (issued) => listenGuarded(issued) },
]

function toApp(guard?: MiddlewareHandler): Hono {
  const app = new Hono()
  if (guard !== undefined) app.use(guard)
  return app.get('/order', (context) => context.json(answer))
}

function listen(guard?: MiddlewareHandler): Promise<number> {
  return start(toApp(guard))
}

function listenGuarded(issued: Issued, cacheConfig = {}): Promise<number> {
  const allow = protect({ auth: toAuth(issued, cacheConfig) })
  const app = toApp(allow())
  return start(app, (server) => allow.check(app, server))
}

function start({ fetch }: Hono, check?: (server: object) => void): Promise<number> {
  return new Promise((resolve) => {
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))
    check?.(server)
  })
}

async function listenChecked(issued: Issued): Promise<number> {
  const check = await toBareCheck(issued)
  return listen((_context, next) => {
    check()
    return next()
  })
}

function toGuard({ issuer, audience, jwk: key }: Issued): MiddlewareHandler {
  if (key === undefined) throw new TypeError('the HTTP topic needs a public key')
  return jwk({ keys: [key], alg: ['RS256'], verification: { iss: issuer, aud: audience } })
}
