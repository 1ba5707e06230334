import { chain, refuse } from '../../core/index.ts'
import type { Provider, ProviderKind, Services } from '../../core/index.ts'
import { compileChecks, decodeJwt } from '../../jose/index.ts'
import { createTokenVerifier, toTokenRefusal } from '../jwt/token-verifier.ts'
import { createDpopVerifier } from '../proof-of-possession/dpop.ts'
import { readToken } from '../token-carrier.ts'
import type { TokenCredential } from '../token-carrier.ts'
import { tokenChallenges, tokenSchemes } from '../token-challenges.ts'
import { jwtIssuersShape, maxIssuersDefault } from './config.ts'
import type { JwtIssuersConfig } from './config.ts'
import { createIssuerRegistry } from './issuer-registry.ts'

/** `{ jwtIssuersConfig: {...} }` */
export const jwtIssuersKind: ProviderKind<'jwtIssuersConfig', JwtIssuersConfig> = {
  key: 'jwtIssuersConfig',
  shape: jwtIssuersShape,
  create: createJwtIssuers,
}

/** How many verified tokens are remembered, of all issuers together. */
const tokensMax = 10_000

/** Callers with a signed token of one of several issuers. */
function createJwtIssuers(
  config: JwtIssuersConfig,
  services: Services,
  path: string,
): Provider<TokenCredential> {
  const {
    issuers,
    maxIssuers = maxIssuersDefault,
    clientConfig,
    cacheConfig,
    dpopConfig,
    profile,
    ...rules
  } = config
  // What is wrong with the rules shows now, not when the first token comes.
  compileChecks({ ...config, issuer: issuers[0]! }, path)
  const judge = compileChecks(rules, path, profile)
  const dpop = dpopConfig && createDpopVerifier(dpopConfig, services, `${path}.dpopConfig`)
  const capacity = Math.ceil((cacheConfig?.capacity ?? tokensMax) / maxIssuers)
  const registry = createIssuerRegistry(config, services, path, (issuer, jwksUrl) => {
    const jwksConfig = { url: jwksUrl.href, ...(clientConfig && { clientConfig }) }
    const own = {
      ...config,
      issuer,
      cacheConfig: { ...cacheConfig, capacity },
      signatureConfig: { jwksConfig },
    }
    return createTokenVerifier(own, services, path, dpop)
  })
  return {
    schemes: tokenSchemes(dpop),
    needsPublicOrigin: dpop !== undefined,
    read: (call) => readToken(call, config, dpop !== undefined),
    verify(credential, call) {
      const decoded = decodeJwt(credential.token)
      if (!decoded.ok) return toTokenRefusal(decoded.denial, credential)
      const { iss } = decoded.value.payload
      if (iss === undefined)
        return toTokenRefusal(refuse('invalid', 'the token has no iss').denial, credential)
      // Before an issuer is asked for anything: a token that cannot hold anyway is not worth a request.
      const denial = judge(decoded.value, services.now())
      if (denial !== undefined) return toTokenRefusal(denial, credential)
      return chain(registry.find(iss), (found) =>
        found.ok ? found.value.verify(credential, call) : toTokenRefusal(found.denial, credential),
      )
    },
    challenges: tokenChallenges(dpop),
    async close() {
      await Promise.all([registry.close(), dpop?.close()])
    },
  }
}
