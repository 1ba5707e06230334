export * from './redis-store.ts'
