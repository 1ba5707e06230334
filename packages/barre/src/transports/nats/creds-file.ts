import { readFileSync } from 'node:fs'
import { ConfigError } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { decodeJwt } from '../../jose/index.ts'

/** The part of a JWT's remaining life after which its file is looked at for a successor, and how often from then on. */
const usedShare = 0.8
const recheckShare = 0.05
const recheckMinMs = 200
const recheckMaxMs = 60_000

/**
 * Looks at a creds file before its JWT ends; calls back when another JWT stands there, whose end is then watched.
 * Returns how to stop. Throws ConfigError where the file holds none.
 */
export function watchCreds(
  file: string,
  path: string,
  { now, log }: Pick<Services, 'now' | 'log'>,
  onRenewal: () => void,
): () => void {
  let seen = readToken(file, path)
  let timer: NodeJS.Timeout | undefined
  const lookAfter = (ms: number): void => {
    timer = setTimeout(look, Math.min(recheckMaxMs, Math.max(recheckMinMs, ms)))
    timer.unref()
  }
  const arm = (): void => {
    const endsAtMs = endOf(seen)
    if (endsAtMs !== undefined) lookAfter((endsAtMs - now()) * usedShare)
  }
  const look = (): void => {
    const endsAtMs = endOf(seen) ?? Infinity
    let found = seen
    try {
      found = readToken(file, path)
    } catch (error) {
      log.warn({ path, error }, 'the creds file cannot be used; the connection keeps what it has')
    }
    if (found === seen) {
      lookAfter((endsAtMs - now()) * recheckShare)
      return
    }
    seen = found
    onRenewal()
    arm()
  }
  arm()
  return () => clearTimeout(timer)
}

function readToken(file: string, path: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new ConfigError(path, `cannot read ${file} (${code})`, { cause })
  }
  const [, token] = /-----BEGIN NATS USER JWT-----\s+(\S+)\s+------END NATS USER JWT------/.exec(text) ?? []
  if (token === undefined) throw new ConfigError(path, 'expected a creds file, as nsc writes it')
  return token
}

/** In milliseconds since the epoch; `undefined`: it never ends. */
function endOf(token: string): number | undefined {
  const decoded = decodeJwt(token)
  const exp = decoded.ok ? decoded.value.payload.exp : undefined
  return exp === undefined || exp === 0 ? undefined : exp * 1000
}
