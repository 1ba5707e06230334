export * from './argon2id.ts'
export * from './password-work.ts'
