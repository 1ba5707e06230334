import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { protect } from 'barre/http'
import { toServerOptions } from 'barre/tls'
import type { ListenerSecureSocket } from 'barre/core'
import { listen } from './listen.ts'
import type { Running } from './listen.ts'
import { isItems, readJson, sendJson } from './json.ts'
import type { MoveOutcome, OrderItem, Stock } from './stock.ts'

export interface InventoryConfig {
  readonly port: number
  readonly secureSocket: ListenerSecureSocket
  /** The certificate identity that may move stock, as `mutualTlsConfig` names it. */
  readonly orderService: string
}

/** The inventory: only the order service may call it, by its client certificate. */
export async function startInventoryService(config: InventoryConfig, stock: Stock): Promise<Running> {
  const guarded = protect(
    {
      auth: [
        { mutualTlsConfig: { identities: { [config.orderService]: ['move_stock'] } }, scopes: 'move_stock' },
      ],
      resources: {
        'PUT /inventory/decrease': true,
        'PUT /inventory/increase': true,
        'DELETE /inventory/moves/:key': true,
      },
    },
    async (request, response, { route, params }) => {
      if (route === 'DELETE /inventory/moves/:key') {
        stock.cancel(params['key'] ?? '')
        sendJson(response, 200, { status: 'cancelled' })
        return
      }
      const move = route.endsWith('decrease') ? 'withdraw' : 'deposit'
      await moveStock(request, response, (key, items) => stock[move](key, items))
    },
  )
  return listen(createServer(toServerOptions(config.secureSocket, 'secureSocket'), guarded), config.port)
}

type Move = (key: string, items: readonly OrderItem[]) => MoveOutcome

async function moveStock(request: IncomingMessage, response: ServerResponse, move: Move): Promise<void> {
  const key = request.headers['idempotency-key']
  const items = await readJson(request)
  if (typeof key !== 'string' || !isItems(items)) {
    sendJson(response, 400, {
      message: 'expected an Idempotency-Key header and a list of {category, code, qty}',
    })
    return
  }
  const outcome = move(key, items)
  sendJson(response, outcome === 'done' ? 200 : 409, { status: outcome })
}
