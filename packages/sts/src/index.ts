export { readStsConfig } from './read-config.ts'
export { startSts } from './start.ts'
export { stsShape } from './config.ts'
export type {
  ClientConfig,
  StsConfig,
  SubjectTokenConfig,
  TokensConfig,
  TrustedIssuerConfig,
} from './config.ts'
export type { RunningSts } from './start.ts'
