import type { Provider, ProviderKind, Services } from '../../core/index.ts'
import { createDpopVerifier } from '../proof-of-possession/dpop.ts'
import { readToken } from '../token-carrier.ts'
import type { TokenCredential } from '../token-carrier.ts'
import { tokenChallenges, tokenSchemes } from '../token-challenges.ts'
import { jwtValidatorShape } from './config.ts'
import type { JwtValidatorConfig } from './config.ts'
import { createTokenVerifier } from './token-verifier.ts'

/** `{ jwtValidatorConfig: {...} }` */
export const jwtKind: ProviderKind<'jwtValidatorConfig', JwtValidatorConfig> = {
  key: 'jwtValidatorConfig',
  shape: jwtValidatorShape,
  create: createJwtListener,
}

/** Callers with a signed token, sent as `Authorization: Bearer` (RFC 6750 §2.1) or `DPoP` (RFC 9449 §7.1). */
function createJwtListener(
  config: JwtValidatorConfig,
  services: Services,
  path: string,
): Provider<TokenCredential> {
  const { dpopConfig } = config
  const dpop = dpopConfig && createDpopVerifier(dpopConfig, services, `${path}.dpopConfig`)
  const verifier = createTokenVerifier(config, services, path, dpop)
  return {
    schemes: tokenSchemes(dpop),
    needsPublicOrigin: dpop !== undefined,
    // A token that holds has only the characters of base64url: the others need no look of their own.
    read: (call) => readToken(call, config, dpop !== undefined),
    verify: (credential, call) => verifier.verify(credential, call),
    challenges: tokenChallenges(dpop),
    ready: () => verifier.ready(),
    async close() {
      await Promise.all([verifier.close(), dpop?.close()])
    },
  }
}
