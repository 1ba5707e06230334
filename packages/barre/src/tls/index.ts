export { toClientOptions, toServerOptions } from './options.ts'
export type { ClientTlsOptions, ServerTlsOptions } from './options.ts'
