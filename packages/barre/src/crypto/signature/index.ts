export {
  legacySign,
  legacyVerify,
  sign,
  signFile,
  signStream,
  verify,
  verifyFile,
  verifyStream,
} from './signature.ts'
export type { DigestAlgorithm, LegacySignatureAlgorithm, SignatureAlgorithm } from './algorithms.ts'
export type { SignatureOptions } from './signature.ts'
