export * from './auth-config.ts'
export * from './compile-auth.ts'
export * from './compile-client-auth.ts'
export * from './services.ts'
