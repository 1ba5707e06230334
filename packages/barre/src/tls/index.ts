export { toClientOptions, toServerOptions } from './options.ts'
export { watchCertificates } from './watch-certificates.ts'
export type { ClientTlsOptions, ServerTlsOptions } from './options.ts'
export type { CertificateTarget, CertificateWatcher, WatchOptions } from './watch-certificates.ts'
