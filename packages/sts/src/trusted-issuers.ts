import { ConfigError, chain, ok, refuse } from 'barre/core'
import { scopeReader } from 'barre/listener'
import { createValidator, decodeJwt } from 'barre/jose'
import type { Awaitable, Result, Services } from 'barre/core'
import type { Payload } from 'barre/jose'
import type { TrustedIssuerConfig, UsersConfig } from './config.ts'

/** A subject as its issuer described it, after every check of its token. */
export interface Subject {
  /** Unique here: the issuer's prefix and the token's `sub`. */
  readonly id: string
  readonly payload: Payload
  readonly scopes: ReadonlySet<string>
  /** The claims that may be carried over. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The grant that the token comes from, where it is one of ours. */
  readonly family?: string
}

/** The outside issuers whose tokens may be exchanged. */
export interface TrustedIssuers {
  validate(token: string): Awaitable<Result<Subject>>
  ready(): boolean
  close(): Promise<void>
}

/** Claims that describe the token or its use, not the subject: they are never carried over. */
const ownClaims: ReadonlySet<string> = new Set(
  'iss sub aud exp nbf iat jti client_id azp scope scp act may_act cnf typ token_use'.split(' '),
)

/** Compiles `trustedIssuers`; throws ConfigError where two issuers could name the same subject. */
export function trustedIssuers(
  configs: readonly TrustedIssuerConfig[],
  ownIssuer: string,
  services: Services,
  path: string,
  users?: UsersConfig,
): TrustedIssuers {
  checkPrefixes(configs, path)
  if (users !== undefined) checkPrefixesBeside(users, configs, path)
  const byIssuer = new Map<string, TrustedIssuer>()
  for (const [index, config] of configs.entries()) {
    const issuer = toTrustedIssuer(config, ownIssuer, services, `${path}[${index}]`)
    if (byIssuer.has(issuer.name)) {
      throw new ConfigError(`${path}[${index}].jwtValidatorConfig.issuer`, 'this issuer is listed already')
    }
    byIssuer.set(issuer.name, issuer)
  }
  const all = [...byIssuer.values()]
  return {
    validate(token) {
      const decoded = decodeJwt(token)
      if (!decoded.ok) return decoded
      // The claim only chooses who checks the token; the chosen validator then demands it.
      const issuer = byIssuer.get(String(decoded.value.payload.iss))
      return issuer === undefined ? refuse('invalid', 'the issuer is not trusted') : issuer.validate(token)
    },
    ready: () => all.every((issuer) => issuer.ready()),
    async close() {
      await Promise.all(all.map((issuer) => issuer.close()))
    },
  }
}

interface TrustedIssuer extends TrustedIssuers {
  readonly name: string
}

function toTrustedIssuer(
  config: TrustedIssuerConfig,
  ownIssuer: string,
  services: Services,
  path: string,
): TrustedIssuer {
  const validatorPath = `${path}.jwtValidatorConfig`
  const name = config.jwtValidatorConfig.issuer
  if (name === ownIssuer) {
    throw new ConfigError(`${validatorPath}.issuer`, 'expected an outside issuer, found this service itself')
  }
  for (const [index, claim] of (config.claims ?? []).entries()) {
    if (ownClaims.has(claim)) {
      throw new ConfigError(
        `${path}.claims[${index}]`,
        `${claim} describes the token and is never carried over`,
      )
    }
  }
  const validator = createValidator(config.jwtValidatorConfig, services, validatorPath)
  const toSubject = subjectReader(config, services)
  return {
    name,
    validate: (token) =>
      chain(validator.validate(token), (result) => (result.ok ? toSubject(result.value) : result)),
    ready: () => validator.ready(),
    close: () => validator.close(),
  }
}

function subjectReader(
  config: TrustedIssuerConfig,
  services: Pick<Services, 'now'>,
): (payload: Payload) => Result<Subject> {
  const { subjectPrefix = '', claims = [] } = config
  const scopesOf = scopeReader(config.jwtValidatorConfig.scopeKey)
  return (payload) => {
    if (typeof payload.sub !== 'string' || payload.sub === '')
      return refuse('invalid', 'the token has no sub')
    // Clock skew forgives a token that is just over; a new one would be born dead.
    if (payload.exp !== undefined && payload.exp <= services.now() / 1000) {
      return refuse('expired', 'the token has ended, though by less than the clock skew')
    }
    const carried = claims.filter((name) => Object.hasOwn(payload, name)).map((name) => [name, payload[name]])
    return ok({
      id: subjectPrefix + payload.sub,
      payload,
      scopes: new Set(scopesOf(payload)),
      claims: Object.fromEntries(carried) as Record<string, unknown>,
    })
  }
}

/** With several issuers, one must not be able to name another's subject: no prefix may begin with another one. */
function checkPrefixes(configs: readonly TrustedIssuerConfig[], path: string): void {
  const prefixes = configs.map((config) => config.subjectPrefix ?? '')
  for (const [index, prefix] of prefixes.entries()) {
    const clash = prefixes.findIndex((other, position) => position !== index && prefix.startsWith(other))
    if (clash === -1) continue
    throw new ConfigError(
      `${path}[${index}].subjectPrefix`,
      `does not tell its subjects from those of ${path}[${clash}]: give each issuer a prefix of its own`,
    )
  }
}

/**
 * Nor may an issuer name one of our own users: those of a file have no colon in their names, those of a
 * directory have its name before the first.
 */
function checkPrefixesBeside(
  users: UsersConfig,
  configs: readonly TrustedIssuerConfig[],
  path: string,
): void {
  const domain = users.ldapUserStoreConfig && `${users.ldapUserStoreConfig.domainName}:`
  for (const [index, { subjectPrefix = '' }] of configs.entries()) {
    if (!subjectPrefix.includes(':')) {
      throw new ConfigError(
        `${path}[${index}].subjectPrefix`,
        'required beside users, with a colon in it: it tells its subjects from them',
      )
    }
    if (domain === undefined) continue
    if (!subjectPrefix.startsWith(domain) && !domain.startsWith(subjectPrefix)) continue
    throw new ConfigError(
      `${path}[${index}].subjectPrefix`,
      `does not tell its subjects from the users of ${domain} give one of them another name`,
    )
  }
}
