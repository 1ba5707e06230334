import { chain, ok, singleFlight } from '../../core/index.ts'
import type { Awaitable, CredentialSource, Result, Services, SourceKind } from '../../core/index.ts'
import { createIssuer, issuerShape } from '../../jose/index.ts'
import type { IssuerConfig } from '../../jose/index.ts'
import { isCurrent, issueToken } from '../issued-token.ts'
import type { IssuedToken } from '../issued-token.ts'

/** `auth: { issuer, audience, signatureConfig, ... }` */
export const selfSignedJwtKind: SourceKind<'signatureConfig', IssuerConfig> = {
  key: 'signatureConfig',
  shape: issuerShape,
  create: createSelfSignedJwt,
}

/** Calls with tokens that we sign ourselves; each is sent for most of its life. */
function createSelfSignedJwt(config: IssuerConfig, services: Services, path: string): CredentialSource {
  const issuer = createIssuer(config, services, path)
  const once = singleFlight<'token', Result<IssuedToken>>()
  let current: IssuedToken | undefined
  const issue = (): Awaitable<Result<IssuedToken>> =>
    chain(issueToken(issuer, {}, services), (issued) => {
      if (issued.ok) current = issued.value
      return issued
    })
  return {
    credential(need) {
      const nowMs = services.now()
      if (current !== undefined && isCurrent(current, need, nowMs)) return ok(current.outgoing)
      return chain(once('token', issue), (issued) => (issued.ok ? ok(issued.value.outgoing) : issued))
    },
  }
}
