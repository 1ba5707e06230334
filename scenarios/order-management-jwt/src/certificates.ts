import { createCa, issueCertificate, writeKeyFiles } from '@barre/cli/keys'
import type { KeyFiles } from '@barre/cli/keys'

/** The order service's name in its client certificate. */
export const orderServiceIdentity = 'spiffe://order-management.test/order-service'

/** A throw-away authority and what it signed, as PEM files. */
export interface Certificates {
  readonly caFile: string
  /** One pair for `localhost` serves every service: they differ by port alone. */
  readonly server: KeyFiles
  readonly orderService: KeyFiles
}

export async function makeCertificates(directory: string): Promise<Certificates> {
  const ca = await createCa({ commonName: 'Order management throw-away CA', validDays: 1 })
  const server = await issueCertificate({
    ca,
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    usages: ['server'],
  })
  const orderService = await issueCertificate({
    ca,
    commonName: 'order-service',
    uris: [orderServiceIdentity],
    usages: ['client'],
  })
  return {
    caFile: (await writeKeyFiles(directory, 'ca', ca)).certFile,
    server: await writeKeyFiles(directory, 'server', server),
    orderService: await writeKeyFiles(directory, 'order-service', orderService),
  }
}
