import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { protect } from 'barre/koa'
import Koa from 'koa'
import jwt from 'koa-jwt'
import type { Middleware } from 'koa'
import type { Issued } from '../../jwt/tokens.ts'
import { answer, forgetful, listenOn, toAuth, toBareCheck } from './service.ts'
import type { Service } from './service.ts'

const bare = 'Koa, bare'
const checked = 'Koa, bare, and crypto.verify'

export const koaServices: readonly Service[] = [
  { name: bare, isOpen: true, listen: () => listen() },
  { name: checked, isOpen: true, listen: listenChecked },
  {
    name: 'barre/koa, cold',
    limit: checked,
    isOurs: true,
    listen: (issued) => listenGuarded(issued, forgetful),
  },
  {
    name: 'koa-jwt',
    limit: checked,
    listen: ({ issuer, audience, pem }) =>
      listen(jwt({ secret: String(pem), algorithms: ['RS256'], issuer, audience })),
  },
  { name: 'barre/koa, warm', limit: bare, isOurs: true, listen: (issued) => listenGuarded(issued) },
]

function toApp(guard?: Middleware): Koa {
  const app = new Koa()
  // Koa prints every refusal that is thrown.
  app.silent = true
  if (guard !== undefined) app.use(guard)
  return app.use((context) => {
    context.body = answer
  })
}

function listen(guard?: Middleware): Promise<number> {
  return listenOn(toServer(toApp(guard)))
}

function listenGuarded(issued: Issued, cacheConfig = {}): Promise<number> {
  const allow = protect({ auth: toAuth(issued, cacheConfig) })
  const app = toApp(allow())
  allow.check(app)
  return listenOn(toServer(app))
}

function toServer(app: Koa): Server {
  const listener = app.callback()
  return createServer((request, response) => void listener(request, response))
}

async function listenChecked(issued: Issued): Promise<number> {
  const check = await toBareCheck(issued)
  return listen((_context, next) => {
    check()
    return next()
  })
}
