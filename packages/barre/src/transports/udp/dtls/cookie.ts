import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ClientHello } from './hello.ts'

/** How long a secret signs new cookies; its cookies are good for as long again. Milliseconds. */
const secretLifeMs = 60_000

/** Proves that a client receives what is sent to its address, with nothing kept for it (RFC 6347 §4.2.1). */
export interface Cookies {
  make(address: string, hello: ClientHello): Buffer
  isGood(address: string, hello: ClientHello): boolean
}

export function createCookies(services: { now(): number; random(bytes: number): Uint8Array }): Cookies {
  let secrets = [services.random(32), services.random(32)] as const
  let madeAtMs = services.now()
  const current = () => {
    const ageMs = services.now() - madeAtMs
    if (ageMs < 0 || ageMs >= secretLifeMs) {
      // After two lives, the last secret is too old as well.
      secrets = [
        services.random(32),
        ageMs < 2 * secretLifeMs && ageMs > 0 ? secrets[0] : services.random(32),
      ]
      madeAtMs = services.now()
    }
    return secrets
  }
  return {
    make: (address, hello) => sign(current()[0], address, hello),
    isGood: (address, hello) => {
      if (hello.cookie.length !== cookieBytes) return false
      return current().some((secret) => timingSafeEqual(sign(secret, address, hello), hello.cookie))
    },
  }
}

const cookieBytes = 32

function sign(secret: Uint8Array, address: string, { withoutCookie }: ClientHello): Buffer {
  const hmac = createHmac('sha256', secret).update(`${address}\n`)
  for (const part of withoutCookie) hmac.update(part)
  return hmac.digest()
}
