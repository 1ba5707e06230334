/** What a service's process does at its start for one JWT entry; `key` is a public key as PEM. */
export interface Program {
  readonly name: string
  readonly source: string
  /** Runs in the project with the packed barre, not beside the peers. */
  readonly isPacked?: boolean
}

const checks = `issuer: 'https://issuer.example', audience: 'https://orders.example'`
const readKey = `const key = process.argv[1];`

export const programs: readonly Program[] = [
  {
    name: 'barre/fastify',
    isPacked: true,
    source: `${readKey}
      await import('barre/fastify')
      const { compileAuth, createServices } = await import('barre/auth')
      const { createPublicKey } = await import('node:crypto')
      const jwk = { ...createPublicKey(key).export({ format: 'jwk' }), kid: 'key-1', alg: 'RS256' }
      const signatureConfig = { jwksConfig: { jwks: { keys: [jwk] } } }
      compileAuth([{ jwtValidatorConfig: { ${checks}, signatureConfig } }], createServices())`,
  },
  {
    name: '@fastify/jwt',
    source: `${readKey}
      await import('@fastify/jwt')
      const { createVerifier } = await import('fast-jwt')
      createVerifier({ key, algorithms: ['RS256'] })`,
  },
  {
    name: 'express-oauth2-jwt-bearer',
    source: `const { auth } = await import('express-oauth2-jwt-bearer')
      auth({ ${checks}, jwksUri: 'http://127.0.0.1/jwks' })`,
  },
  {
    name: 'express-jwt',
    source: `${readKey}
      const { expressjwt } = await import('express-jwt')
      expressjwt({ ${checks}, secret: key, algorithms: ['RS256'] })`,
  },
  {
    name: 'passport-jwt',
    source: `${readKey}
      const { default: passport } = await import('passport')
      const { default: { Strategy, ExtractJwt } } = await import('passport-jwt')
      const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken()
      passport.use(new Strategy({ ${checks}, jwtFromRequest, secretOrKey: key, algorithms: ['RS256'] }, () => {}))`,
  },
  {
    name: 'hono/jwk',
    source: `const { jwk } = await import('hono/jwk')
      jwk({ keys: [], alg: ['RS256'] })`,
  },
]
