export { createCa, issueCertificate } from './certificate.ts'
export type { CaOptions, CertificateOptions, Issued, KeyAlgorithm } from './certificate.ts'
export { readKeyFiles, writeKeyFiles } from './key-files.ts'
export type { KeyFiles } from './key-files.ts'
