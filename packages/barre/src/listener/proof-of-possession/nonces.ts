import { createHmac, timingSafeEqual } from 'node:crypto'
import { ConfigError, Secret } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { nonceLifetimeDefaultSeconds } from './config.ts'
import type { DpopNonceConfig } from './config.ts'

/** Nonces of ours (RFC 9449 §9). */
export interface Nonces {
  /** For how long a proof with a nonce that is current now can be accepted, in milliseconds. */
  readonly usableMs: number
  current(nowMs: number): string
  /** `stale`: still accepted, and the caller should get the current one. */
  judge(nonce: string | undefined, nowMs: number): 'current' | 'stale' | 'unknown'
}

const secretMinBytes = 32

/** One nonce per period of time, made of the period and a secret: nothing is stored, so nothing can be flooded. */
export function createNonces(config: DpopNonceConfig, services: Services, path: string): Nonces {
  const lifetimeMs = (config.lifetimeSeconds ?? nonceLifetimeDefaultSeconds) * 1000
  const key = toKey(config.secret, services, `${path}.secret`)
  const nonceOf = (period: number): string =>
    createHmac('sha256', key).update(`DPoP nonce ${period}`).digest('base64url')
  const periodAt = (nowMs: number): number => Math.floor(nowMs / lifetimeMs)
  return {
    usableMs: 3 * lifetimeMs,
    current: (nowMs) => nonceOf(periodAt(nowMs)),
    judge(nonce, nowMs) {
      if (nonce === undefined) return 'unknown'
      const period = periodAt(nowMs)
      if (isEqual(nonce, nonceOf(period))) return 'current'
      // The next one too: the clock of the member of the fleet that made it may be ahead of ours.
      const neighbours = [period - 1, period + 1]
      return neighbours.some((other) => isEqual(nonce, nonceOf(other))) ? 'stale' : 'unknown'
    },
  }
}

function toKey(secret: string | Secret | undefined, services: Services, path: string): Uint8Array {
  if (secret === undefined) return services.random(secretMinBytes)
  const key = Buffer.from(secret instanceof Secret ? secret.reveal() : secret, 'utf8')
  if (key.length >= secretMinBytes) return key
  throw new ConfigError(path, `expected at least ${secretMinBytes} bytes`)
}

function isEqual(sent: string, known: string): boolean {
  const [one, other] = [Buffer.from(sent), Buffer.from(known)]
  return one.length === other.length && timingSafeEqual(one, other)
}
