export { memoryStore, migrateStore, openStore } from './open-store.ts'
export type { Family, FamilyContent, Rotation, Store, StoredClient } from './store.ts'
