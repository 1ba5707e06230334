export * from './keys/index.ts'
export * from './password/index.ts'
export * from './equal-secrets.ts'
export * from './unsalted-hash.ts'
