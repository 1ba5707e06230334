import type { FetchClient } from 'barre/fetch'
import type { OrderItem } from './stock.ts'

/** What the order service asks of the inventory. Each call may be repeated with its key. */
export interface Inventory {
  /** Answers `refused` when there is not enough; throws when the inventory cannot be asked. */
  withdraw(key: string, items: readonly OrderItem[]): Promise<'done' | 'refused'>
  deposit(key: string, items: readonly OrderItem[]): Promise<void>
  cancel(key: string): Promise<void>
}

/** The inventory over HTTPS; `call` shows our client certificate. */
export function inventoryClient(call: FetchClient): Inventory {
  const move = async (path: string, key: string, items: readonly OrderItem[]): Promise<number> => {
    const response = await call(path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(items),
    })
    await response.body?.cancel()
    return response.status
  }
  return {
    async withdraw(key, items) {
      const status = await move('/inventory/decrease', key, items)
      if (status === 409) return 'refused'
      expectSuccess(status)
      return 'done'
    },
    async deposit(key, items) {
      expectSuccess(await move('/inventory/increase', key, items))
    },
    async cancel(key) {
      const response = await call(`/inventory/moves/${key}`, { method: 'DELETE' })
      await response.body?.cancel()
      expectSuccess(response.status)
    },
  }
}

function expectSuccess(status: number): void {
  if (status !== 200) throw new Error(`the inventory answered ${status}`)
}
