export { createJwt } from './jwt.ts'
export type { Jwt } from './jwt.ts'
export { decodeJwt } from './claims.ts'
export type { Decoded, Payload } from './claims.ts'
export { createValidator } from './validator.ts'
export type { Validator } from './validator.ts'
export { validatorMembers, validatorShape } from './validator-config.ts'
export type {
  CacheConfig,
  JwksConfig,
  TrustStoreConfig,
  ValidatorConfig,
  ValidatorSignatureConfig,
} from './validator-config.ts'
export { createIssuer } from './issuer.ts'
export type { IssueOptions, Issuer } from './issuer.ts'
export { issuerShape } from './issuer-config.ts'
export type { IssuerConfig, IssuerSignatureConfig, KeyFile, KeyStoreConfig } from './issuer-config.ts'
export { parseJws, signJws, tokenMaxLength, verifyJws } from './jws.ts'
export type { JwsHeader, ParsedJws } from './jws.ts'
export { jwsAlgorithmNames } from './jws-algorithms.ts'
export type { JwsAlgorithm } from './jws-algorithms.ts'
export { importSecret, importSigningKey, importVerificationKey } from './import-key.ts'
export type { ImportOptions, SecretOptions, SigningKeyOptions } from './import-key.ts'
export type { SigningKey, VerificationKey } from './key.ts'
export { publicJwk, thumbprint } from './jwk.ts'
export type { Jwk, Jwks } from './jwk.ts'
export { localKeySet, singleKey } from './key-set.ts'
export type { KeySet } from './key-set.ts'
export { parseJsonObject } from './json.ts'
export type { JsonObject } from './json.ts'
