import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { jwk } from 'hono/jwk'
import type { MiddlewareHandler } from 'hono'
import type { Issued } from '../../jwt/tokens.ts'
import { answer, toBareCheck } from './service.ts'
import type { Service } from './service.ts'

const bare = 'Hono, bare'
const checked = 'Hono, bare, and crypto.verify'

export const honoServices: readonly Service[] = [
  { name: bare, isOpen: true, listen: () => listen() },
  { name: checked, isOpen: true, listen: listenChecked },
  { name: 'hono/jwk', limit: checked, listen: (issued) => listen(toGuard(issued)) },
]

function listen(guard?: MiddlewareHandler): Promise<number> {
  const app = new Hono()
  if (guard !== undefined) app.use(guard)
  app.get('/order', (context) => context.json(answer))
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))
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
