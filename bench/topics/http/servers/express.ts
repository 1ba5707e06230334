import { createServer } from 'node:http'
import { protect } from 'barre/express'
import express from 'express'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import type { RequestHandler } from 'express'
import type { Issued } from '../../jwt/tokens.ts'
import { answer, forgetful, listenOn, toAuth, toBareCheck } from './service.ts'
import type { Service } from './service.ts'

const bare = 'Express, bare'
const checked = 'Express, bare, and crypto.verify'

export const expressServices: readonly Service[] = [
  { name: bare, isOpen: true, listen: () => listen() },
  { name: checked, isOpen: true, listen: listenChecked },
  {
    name: 'barre/express, cold',
    limit: checked,
    isOurs: true,
    listen: (issued) => listen(protect({ auth: toAuth(issued, forgetful) })()),
  },
  { name: 'express-oauth2-jwt-bearer', limit: checked, listen: listenBearer },
  {
    name: 'express-jwt',
    limit: checked,
    listen: ({ issuer, audience, pem }) =>
      listen(expressjwt({ secret: String(pem), algorithms: ['RS256'], issuer, audience })),
  },
  { name: 'passport-jwt', limit: checked, listen: listenPassport },
  {
    name: 'barre/express, warm',
    limit: bare,
    isOurs: true,
    listen: (issued) => listen(protect({ auth: toAuth(issued) })()),
  },
]

async function listen(...guards: readonly RequestHandler[]): Promise<number> {
  const app = express()
  app.disable('x-powered-by')
  // In any other environment Express prints every refusal.
  app.set('env', 'test')
  app.get('/order', ...guards, (_request, response) => {
    response.json(answer)
  })
  return listenOn(createServer(app))
}

async function listenChecked(issued: Issued): Promise<number> {
  const check = await toBareCheck(issued)
  return listen((_request, _response, next) => {
    check()
    next()
  })
}

/** It takes keys from an address only, which here is on loopback. */
async function listenBearer({ issuer, audience, jwk }: Issued): Promise<number> {
  const body = JSON.stringify({ keys: [jwk] })
  const port = await listenOn(createServer((_request, response) => response.end(body)))
  const jwksUri = `http://127.0.0.1:${port}/jwks`
  return listen(auth({ issuer, audience, jwksUri, tokenSigningAlg: 'RS256' }))
}

async function listenPassport({ issuer, audience, pem }: Issued): Promise<number> {
  const options = {
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    secretOrKey: String(pem),
    algorithms: ['RS256' as const],
    issuer,
    audience,
  }
  passport.use(new Strategy(options, (claims: object, done) => done(null, claims)))
  const guard: RequestHandler = passport.authenticate('jwt', { session: false })
  return listen(guard)
}
