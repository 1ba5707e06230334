import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from '@barre/gateway'
import { startSts } from '@barre/sts'
import { hashArgon2id } from 'barre/crypto'
import { createClient } from 'barre/fetch'
import { makeCertificates, orderServiceIdentity } from './certificates.ts'
import type { Certificates } from './certificates.ts'
import { externalAudience, externalIssuer, startExternalIssuer } from './external-issuer.ts'
import { inventoryClient } from './inventory-client.ts'
import { startInventoryService } from './inventory-service.ts'
import type { Running } from './listen.ts'
import { openOrderBook } from './order-book.ts'
import { orderDesk } from './order-desk.ts'
import { startOrderService } from './order-service.ts'
import type { Ports } from './ports.ts'
import { openStock } from './stock.ts'
import type { Stock } from './stock.ts'
import type { Ground } from './walk.ts'

/** The whole system, running. */
export interface System extends Omit<Ground, 'tokens'> {
  readonly directory: string
  readonly caFile: string
  readonly stock: Stock
  issueTokens(): Promise<Ground['tokens']>
  /** Stops the inventory service alone, to see what becomes of an order then. */
  stopInventory(): Promise<void>
  close(): Promise<void>
}

const internalAudience = 'order-service'
const scopes = ['add_order', 'update_order', 'cancel_order']
const initialStock = [
  { category: 'electronics', code: 'APMBA132021', qty: 32 },
  { category: 'electronics', code: 'SOWH1000XM4', qty: 75 },
  { category: 'books', code: '978-1617295959', qty: 10 },
  { category: 'books', code: '978-1484220498', qty: 10 },
]

/** Starts every service, the ones that others need first. What it writes lies in a directory that `close` deletes. */
export async function startSystem(ports: Ports): Promise<System> {
  const directory = await mkdtemp(join(tmpdir(), 'order-management-'))
  const running: Pick<Running, 'close'>[] = [{ close: () => rm(directory, { recursive: true }) }]
  const keep = <T extends Pick<Running, 'close'>>(one: T): T => {
    running.unshift(one)
    return one
  }
  const close = async (): Promise<void> => {
    for (const one of running.splice(0)) await one.close()
  }
  try {
    const certificates = await makeCertificates(directory)
    const issuer = keep(await startExternalIssuer(ports.issuer, certificates.server))
    const gatewaySecret = randomBytes(32).toString('base64url')
    const stsUrl = `https://localhost:${ports.sts}`
    keep(await startTokenService(ports.sts, directory, certificates, issuer.jwksUrl, gatewaySecret))
    const stock = openStock(join(directory, 'stock.db'), initialStock)
    keep({ close: async () => stock.close() })
    const inventory = keep(await startInventory(ports.inventory, certificates, stock))
    const orders = keep(await startOrders(ports.order, directory, certificates, stsUrl, inventory.url))
    keep(await startFront(ports.gateway, certificates, issuer.jwksUrl, stsUrl, gatewaySecret, orders.url))
    return {
      directory,
      caFile: certificates.caFile,
      ca: readFileSync(certificates.caFile, 'utf8'),
      urls: {
        gateway: `https://localhost:${ports.gateway}`,
        'order service': orders.url,
        'inventory service': inventory.url,
      },
      stock,
      issueTokens: () => issuer.issueTokens(),
      stopInventory: () => inventory.close(),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function startTokenService(
  port: number,
  directory: string,
  certificates: Certificates,
  issuerJwksUrl: string,
  gatewaySecret: string,
): Promise<Running> {
  return startSts({
    issuer: `https://localhost:${port}`,
    port,
    secureSocket: { key: certificates.server },
    keysDirectory: join(directory, 'sts-keys'),
    clients: [
      {
        clientId: 'gateway',
        secretHash: await hashArgon2id(gatewaySecret, randomBytes(16)),
        grants: ['urn:ietf:params:oauth:grant-type:token-exchange'],
        scopes,
        audiences: [internalAudience],
      },
    ],
    trustedIssuers: [{ jwtValidatorConfig: fromIssuer(issuerJwksUrl, certificates) }],
  })
}

/** Which tokens of the external issuer count; the gateway and the token service agree on it. */
function fromIssuer(jwksUrl: string, { caFile }: Certificates) {
  return {
    issuer: externalIssuer,
    audience: externalAudience,
    signatureConfig: { jwksConfig: { url: jwksUrl, clientConfig: { secureSocket: { cert: caFile } } } },
  }
}

async function startInventory(
  port: number,
  { caFile, server }: Certificates,
  stock: Stock,
): Promise<Running> {
  const secureSocket = { key: server, mutualSsl: { cert: caFile } }
  return startInventoryService({ port, secureSocket, orderService: orderServiceIdentity }, stock)
}

async function startOrders(
  port: number,
  directory: string,
  { caFile, server, orderService }: Certificates,
  stsUrl: string,
  inventoryUrl: string,
): Promise<Running> {
  const book = openOrderBook(join(directory, 'orders.db'))
  const call = createClient({ baseUrl: inventoryUrl, secureSocket: { cert: caFile, key: orderService } })
  const jwksConfig = { url: `${stsUrl}/oauth2/jwks`, clientConfig: { secureSocket: { cert: caFile } } }
  const validator = { issuer: stsUrl, audience: internalAudience, signatureConfig: { jwksConfig } }
  const service = await startOrderService(
    { port, certificate: server, auth: [{ jwtValidatorConfig: validator }] },
    book,
    orderDesk(book, inventoryClient(call)),
  )
  return {
    url: service.url,
    async close() {
      await service.close()
      await call.close()
      book.close()
    },
  }
}

async function startFront(
  port: number,
  certificates: Certificates,
  issuerJwksUrl: string,
  stsUrl: string,
  clientSecret: string,
  ordersUrl: string,
): Promise<Pick<Running, 'close'>> {
  const secureSocket = { cert: certificates.caFile }
  const exchange = { audience: internalAudience }
  return startGateway({
    port,
    publicOrigin: `https://localhost:${port}`,
    secureSocket: { key: certificates.server },
    auth: [{ jwtValidatorConfig: fromIssuer(issuerJwksUrl, certificates) }],
    sts: {
      tokenUrl: `${stsUrl}/oauth2/token`,
      clientId: 'gateway',
      clientSecret,
      clientConfig: { secureSocket },
    },
    upstreams: { orders: { url: ordersUrl, secureSocket } },
    routes: [
      { methods: ['GET'], path: '/order/:id', auth: false, upstream: 'orders' },
      { methods: ['PUT', 'DELETE'], path: '/order/:id', exchange, upstream: 'orders' },
      { methods: ['POST'], path: '/order', exchange, upstream: 'orders' },
    ],
  })
}
