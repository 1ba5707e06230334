export { smtpTransport } from './create-transport.ts'
export type { SmtpConfig, SmtpTransport } from './create-transport.ts'
