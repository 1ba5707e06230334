import {
  allowInsecureListener,
  either,
  flag,
  isSecureUrl,
  list,
  listenerSecureSocketShape,
  number,
  oneOf,
  optional,
  record,
  secret,
  text,
} from 'barre/core'
import { dpopShape, fileUserStoreShape, ldapUserStoreShape } from 'barre/auth'
import { scopeKeyShape } from 'barre/listener'
import { validatorMembers } from 'barre/jose'
import { grantTypes } from './clients/client.ts'
import { clientShape, lifetimeMaxSeconds, scopesShape } from './clients/client-shape.ts'
import { textThat } from './text-that.ts'
import { signingAlgorithms } from './keys/key-types.ts'
import type { Shape } from 'barre/core'
import type {
  AdminConfig,
  LegacyConfig,
  LimitsConfig,
  Pkcs11Config,
  PostgresConfig,
  RegistrationConfig,
  StoreConfig,
  StsConfig,
  SubjectTokenConfig,
  TokensConfig,
  TrustedIssuerConfig,
  UsersConfig,
} from './config.ts'

const dayMaxSeconds = 86_400
const refreshMaxSeconds = 400 * dayMaxSeconds

const port = number({ max: 65_535, integer: true })

function seconds(max: number, min = 1): Shape<number> {
  return number({ min, max, unit: 'seconds', integer: true })
}

const trustedIssuerShape = record<TrustedIssuerConfig>({
  jwtValidatorConfig: record<SubjectTokenConfig>({
    ...validatorMembers,
    issuer: text(),
    audience: either(text(), list(text(), 1)),
    scopeKey: optional(scopeKeyShape),
  }),
  subjectPrefix: optional(text()),
  claims: optional(list(text())),
})

const storeShape = record<StoreConfig>({
  sqlite: optional(record<NonNullable<StoreConfig['sqlite']>>({ file: text() })),
  postgres: optional(
    record<PostgresConfig>({
      host: text(),
      port: optional(number({ min: 1, max: 65_535, integer: true })),
      database: text(),
      user: text(),
      password: optional(secret()),
      secureSocket: optional(record<NonNullable<PostgresConfig['secureSocket']>>({ cert: text() })),
    }),
  ),
})

const tokensShape = record<TokensConfig>({
  algorithm: optional(oneOf(...signingAlgorithms)),
  lifetimeSeconds: optional(seconds(lifetimeMaxSeconds)),
  opaqueAudiences: optional(list(text())),
  refreshLifetimeSeconds: optional(seconds(refreshMaxSeconds)),
  refreshIdleSeconds: optional(seconds(refreshMaxSeconds)),
  refreshGraceSeconds: optional(seconds(300, 0)),
  // RFC 6749 §4.1.2: ten minutes at most.
  codeLifetimeSeconds: optional(seconds(600)),
})

const registrationShape = record<RegistrationConfig>({
  accessTokenHash: textThat((hash) => /^[0-9a-f]{64}$/.test(hash), 'a SHA-256 in lower case hex'),
  grants: list(oneOf(...grantTypes), 1),
  scopes: scopesShape,
  audiences: list(text(), 1),
})

/** Checks every field of a StsConfig; its `json` is the JSON Schema for editors. */
export const stsShape: Shape<StsConfig> = record<StsConfig>({
  issuer: textThat(isOrigin, 'an https origin, such as https://sts.example.com, without a trailing slash'),
  host: optional(text()),
  port,
  secureSocket: optional(listenerSecureSocketShape),
  trustedProxies: optional(list(text(), 1)),
  keysDirectory: optional(text()),
  keysPassword: optional(secret()),
  pkcs11: optional(
    record<Pkcs11Config>({ module: text(), tokenLabel: text(), pin: secret(), keyLabel: text() }),
  ),
  keyLifetimeDays: optional(number({ min: 1, max: 3650, unit: 'days' })),
  store: optional(storeShape),
  tokens: optional(tokensShape),
  clients: optional(list(clientShape)),
  users: optional(
    record<UsersConfig>({
      fileUserStoreConfig: optional(fileUserStoreShape),
      ldapUserStoreConfig: optional(ldapUserStoreShape),
    }),
  ),
  trustedIssuers: optional(list(trustedIssuerShape)),
  dpop: optional(dpopShape),
  legacy: optional(record<LegacyConfig>({ passwordGrant: optional(flag()) })),
  registration: optional(registrationShape),
  limits: optional(
    record<LimitsConfig>({
      refusalsPerMinute: optional(number({ min: 1, integer: true })),
      loginsPerMinute: optional(number({ min: 1, integer: true })),
      requestsPerMinute: optional(number({ min: 1, integer: true })),
    }),
  ),
  auditFile: optional(text()),
  openTelemetry: optional(flag()),
  admin: optional(record<AdminConfig>({ host: optional(text()), port })),
  [allowInsecureListener]: optional(flag()),
})

function isOrigin(value: string): boolean {
  const url = URL.parse(value)
  return url !== null && url.origin === value && isSecureUrl(url)
}
