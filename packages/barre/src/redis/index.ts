export * from './redis-replay-store.ts'
export * from './redis-revocations.ts'
export * from './redis-store.ts'
