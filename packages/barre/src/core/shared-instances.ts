/** A share of an instance: whoever has one gives it back when done. */
export interface Lease<T> {
  readonly value: T
  /** The last one to give its share back ends the instance. */
  release(): Promise<void>
}

/** What there should be one of per configuration, however many ask for it: the manager of a client's tokens, say. */
export interface SharedInstances {
  /** The instance known by `key`, made by `make` where there is none. A key belongs to one type of instance. */
  acquire<T extends { close(): Promise<void> }>(key: string, make: () => T): Lease<T>
}

export function createSharedInstances(): SharedInstances {
  const held = new Map<string, { readonly value: { close(): Promise<void> }; leases: number }>()
  return {
    acquire<T extends { close(): Promise<void> }>(key: string, make: () => T): Lease<T> {
      const entry = held.get(key) ?? { value: make(), leases: 0 }
      held.set(key, entry)
      entry.leases++
      let released: Promise<void> | undefined
      const release = async (): Promise<void> => {
        entry.leases--
        if (entry.leases > 0) return
        held.delete(key)
        await entry.value.close()
      }
      return { value: entry.value as T, release: () => (released ??= release()) }
    },
  }
}
