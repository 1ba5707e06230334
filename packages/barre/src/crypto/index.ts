export * from './argon2id.ts'
export * from './equal-secrets.ts'
export * from './password-work.ts'
export * from './unsalted-hash.ts'
