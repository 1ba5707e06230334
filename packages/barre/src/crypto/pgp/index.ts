export { pgp } from './pgp.ts'
export type { PgpDecryptOptions, PgpEncryptOptions, PgpSignOptions, PgpVerifyOptions } from './pgp.ts'
export type { PgpKeySource, PgpPrivateKey } from './pgp-keys.ts'
