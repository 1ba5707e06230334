export * from './redis-revocations.ts'
export * from './redis-store.ts'
