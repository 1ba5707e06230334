export * from './file-user-store/config.ts'
export * from './file-user-store/file-user-store.ts'
export * from './mutual-tls/config.ts'
export * from './mutual-tls/mutual-tls.ts'
