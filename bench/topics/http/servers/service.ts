import type { AddressInfo, Server } from 'node:net'
import { primitives } from '../../jwt/libraries/primitives.ts'
import type { Issued } from '../../jwt/tokens.ts'

/** One server that answers GET /order with `answer`. */
export interface Service {
  readonly name: string
  /** The limit that it is compared with, by its name: the same server with less to do; absent on limits. */
  readonly limit?: string
  /** Whether our target holds for it: it does on ours, not on peers. */
  readonly isOurs?: boolean
  /** Whether it asks for no token. */
  readonly isOpen?: boolean
  /** Starts on a free port of loopback and answers with the port. */
  listen(issued: Issued): Promise<number>
}

export const answer = { status: 'open', items: 3 }

/** Room for one token: with several in turn, none is remembered when it comes again. */
export const forgetful = { capacity: 1 }

/** The `auth` of every service under test. */
export function toAuth({ issuer, audience, algorithm, jwk }: Issued, cacheConfig = {}) {
  if (jwk === undefined) throw new TypeError('the HTTP topic needs a public key')
  const signatureConfig = { jwksConfig: { jwks: { keys: [jwk] } } }
  return [
    { jwtValidatorConfig: { issuer, audience, algorithms: [algorithm], signatureConfig, cacheConfig } },
  ] as const
}

/** One bare signature check, of the next token in turn: all that a guard without a memory cannot leave out. */
export async function toBareCheck(issued: Issued): Promise<() => void> {
  const verify = await primitives.toVerify(issued)
  let next = 0
  return () => {
    if (verify('', next++ % issued.tokens.length) !== true) throw new Error('the signature does not match')
  }
}

export async function listenOn(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
