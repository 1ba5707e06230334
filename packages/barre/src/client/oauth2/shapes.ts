import {
  clientConfigurationShape,
  ConfigError,
  either,
  flag,
  instance,
  isRecord,
  list,
  number,
  oneOf,
  optional,
  record,
  secret,
  table,
  text,
} from '../../core/index.ts'
import type { Members, Shape, SharedStore } from '../../core/index.ts'
import { issuerSignatureShape } from '../../jose/index.ts'
import type {
  ClientAssertionConfig,
  ClientCredentialsGrantConfig,
  ClientIdentity,
  DirectTokenConfig,
  GrantConfig,
  GrantMembers,
  JwtBearerGrantConfig,
  PasswordGrantConfig,
  RefreshConfig,
  RefreshTokenGrantConfig,
  SharedTokensConfig,
  TokenExchangeGrantConfig,
  TokenInput,
  TokenUrlGrantConfig,
} from './config.ts'

/** The longest time that can be configured, in seconds: ten years. */
const timeMaxSeconds = 315_360_000

const texts: Shape<string | readonly string[]> = either(text(), list(text(), 1))
const seconds = number({ max: timeMaxSeconds, unit: 'seconds' })
const bearer = oneOf('AUTH_HEADER_BEARER', 'POST_BODY_BEARER', 'NO_BEARER')

/** The parameters that the request sets by itself. */
const reserved: ReadonlySet<string> = new Set([
  'grant_type',
  'scope',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'refresh_token',
  'username',
  'password',
  'assertion',
  'subject_token',
  'actor_token',
])

const optionalParams: Shape<Readonly<Record<string, string>>> = {
  check(value, path) {
    const checked = table(text()).check(value, path)
    const taken = Object.keys(checked).find((name) => reserved.has(name))
    if (taken === undefined) return checked
    throw new ConfigError(`${path}.${taken}`, 'set by the request itself; use the field that is meant for it')
  },
  json: table(text()).json,
}

const identityMembers: Members<ClientIdentity> = {
  clientId: optional(text()),
  clientSecret: optional(secret()),
  credentialBearer: optional(bearer),
  clientAssertion: optional(
    record<ClientAssertionConfig>({
      audience: text(),
      signatureConfig: issuerSignatureShape,
      keyId: optional(text()),
      expTime: optional(number({ min: 1, max: 300, integer: true, unit: 'seconds' })),
    }),
  ),
  optionalParams: optional(optionalParams),
  clientConfig: optional(clientConfigurationShape),
}

const sharedStore = instance('a store of barre/redis or of your own', (value): value is SharedStore => {
  const methods = value as Partial<SharedStore> | null | undefined
  return typeof methods?.get === 'function' && typeof methods.swap === 'function'
})

const grantMembers: Members<GrantMembers> = {
  ...identityMembers,
  scopes: optional(texts),
  resource: optional(texts),
  defaultTokenExpTime: optional(seconds),
  clockSkew: optional(seconds),
  dpop: optional(flag()),
  sharedTokens: optional(
    record<SharedTokensConfig>({ store: sharedStore, encryptionKey: secret(), name: optional(text()) }),
  ),
}

const tokenInput: Shape<TokenInput> = either(
  secret(),
  either(
    record<{ readonly caller: true }>({ caller: oneOf(true) }),
    // The registry of client kinds checks it.
    record<{ readonly auth: unknown }>({ auth: { check: (value) => value, json: { type: 'object' } } }),
  ),
)

const clientCredentials = record<ClientCredentialsGrantConfig>({
  ...grantMembers,
  tokenUrl: text(),
  clientId: text(),
})

const refresh: Shape<RefreshConfig> = record<RefreshConfig>({
  refreshUrl: text(),
  scopes: optional(texts),
  optionalParams: optional(optionalParams),
  credentialBearer: optional(bearer),
  clientConfig: optional(clientConfigurationShape),
})

const password = record<PasswordGrantConfig>({
  ...grantMembers,
  tokenUrl: text(),
  username: text(),
  password: secret(),
  refreshConfig: optional(either(oneOf('INFER_REFRESH_CONFIG'), refresh)),
})

const jwtBearer = record<JwtBearerGrantConfig>({ ...grantMembers, tokenUrl: text(), assertion: tokenInput })

const tokenExchange = record<TokenExchangeGrantConfig>({
  ...grantMembers,
  tokenUrl: text(),
  subjectToken: tokenInput,
  subjectTokenType: optional(text()),
  actorToken: optional(tokenInput),
  actorTokenType: optional(text()),
  requestedTokenType: optional(text()),
  audience: optional(texts),
})

/** Chosen by the field that only one grant has, so that errors speak of that grant. */
const tokenUrlForms: readonly (readonly [field: string, shape: Shape<TokenUrlGrantConfig>])[] = [
  ['subjectToken', tokenExchange],
  ['assertion', jwtBearer],
  ['username', password],
  ['password', password],
]

export const tokenUrlShape: Shape<TokenUrlGrantConfig> = {
  check(value, path) {
    const has = (field: string): boolean => isRecord(value) && value[field] !== undefined
    const [, shape] = tokenUrlForms.find(([field]) => has(field)) ?? ['', clientCredentials]
    return shape.check(value, path)
  },
  json: { anyOf: [clientCredentials, password, jwtBearer, tokenExchange].map(({ json }) => json) },
}

export const refreshTokenShape: Shape<RefreshTokenGrantConfig> = record<RefreshTokenGrantConfig>({
  ...grantMembers,
  refreshUrl: text(),
  refreshToken: secret(),
  clientId: text(),
})

export const directTokenShape: Shape<DirectTokenConfig> = record<DirectTokenConfig>({
  accessToken: optional(secret()),
  refreshConfig: refreshTokenShape,
})

export const grantShape: Shape<GrantConfig> = {
  check(value, path) {
    if (isRecord(value) && value['tokenUrl'] === undefined) {
      const shape = value['refreshUrl'] === undefined ? directTokenShape : refreshTokenShape
      return shape.check(value, path)
    }
    return tokenUrlShape.check(value, path)
  },
  json: { anyOf: [tokenUrlShape.json, refreshTokenShape.json, directTokenShape.json] },
}
