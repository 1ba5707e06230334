export { makeStsKey, manageSts, migrateSts } from './manage.ts'
export { startSts } from './start.ts'
export { clientShape as stsClientShape } from './clients/client-shape.ts'
export { stsShape } from './config-shape.ts'
export type {
  AdminConfig,
  ClientConfig,
  ExchangeConfig,
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
export type { StsManagement } from './manage.ts'
export type { RunningSts } from './start.ts'
