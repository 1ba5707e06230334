export { ftpClient } from './client.ts'
export { ftpListener } from './listener.ts'
export type { FtpConfig, FtpSecureSocket } from './config.ts'
export type { FtpListenerConfig } from './listener.ts'
