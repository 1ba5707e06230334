import { readFileSync } from 'node:fs'
import { BoundedCache, ConfigError, describeFetchError, readBody } from '../core/index.ts'
import {
  judgeOcspResponse,
  ocspResponderOf,
  ocspResponseMaxBytes,
  readCertificates,
  writeOcspRequest,
} from '../crypto/keys/index.ts'
import type { X509Certificate } from 'node:crypto'
import type { Fetch, ListenerCertValidation, Log } from '../core/index.ts'
import type { OcspVerdict } from '../crypto/keys/index.ts'

/** Keeps the OCSP response of a server's certificate fresh and hands it to handshakes. */
export interface Stapler {
  /** Takes the chain (PEM) that the server shows from now on; throws ConfigError where nothing could be stapled. */
  take(chain: string): void
  /** Asks for what is due; waits for nothing. */
  refresh(): void
  /** Answers node:tls's OCSPRequest event, at the latest after `staplesWaitMs`. */
  answer(certificate: Buffer, callback: OcspCallback): void
}

export type OcspCallback = (error: Error | null, response: Buffer | null) => void

export interface StaplerOptions {
  /** Of the field that holds the configuration. */
  readonly path: string
  /** Of the field that holds the chain. */
  readonly chainPath: string
  readonly now: () => number
  readonly log: Log
  /** Reaches the responder, over plain http where the certificate says so: responses are signed. */
  readonly fetch: Fetch | undefined
}

/** The longest that a handshake waits for a first response, in milliseconds. */
const staplesWaitMs = 500
/** The longest that a responder may take, in milliseconds. */
const responderMaxMs = 10_000
/** How long after a failure a responder is left alone, in milliseconds: twice as long after each further one. */
const retryMinMs = 5_000
const retryMaxMs = 300_000

interface Stapled {
  readonly certificate: X509Certificate
  readonly issuer: X509Certificate
  readonly responder: string | undefined
  response?: Buffer | undefined
  endsAtMs: number
  dueAtMs: number
  failures: number
  flight?: Promise<void> | undefined
}

export function createStapler(config: ListenerCertValidation, options: StaplerOptions): Stapler {
  const { log, now, path } = options
  const entries = new BoundedCache<string, Stapled>({ maxEntries: config.cacheSize, maxBytes: Infinity })
  const maxAgeSeconds = config.cacheValidityPeriod
  const judge = ({ certificate, issuer }: Stapled, response: Buffer): OcspVerdict =>
    judgeOcspResponse(response, { certificate, issuer, nowMs: now(), maxAgeSeconds })

  const keep = (entry: Stapled, response: Buffer, verdict: OcspVerdict & { status: 'good' }): void => {
    const nowMs = now()
    entry.response = response
    entry.endsAtMs = verdict.endsAtMs
    // In the middle of its life there is as long again for a responder that is away.
    const halfMs = (verdict.thisUpdateMs + verdict.endsAtMs) / 2
    entry.dueAtMs = Math.min(nowMs + maxAgeSeconds * 1000, Math.max(halfMs, nowMs + retryMinMs))
    entry.failures = 0
  }
  const postpone = (entry: Stapled): void => {
    entry.dueAtMs = now() + Math.min(retryMaxMs, retryMinMs * 2 ** entry.failures++)
  }
  const take = (entry: Stapled, response: Buffer): void => {
    const verdict = judge(entry, response)
    if (verdict.status === 'good') return keep(entry, response, verdict)
    if (verdict.status === 'unusable') throw new Error(verdict.detail)
    // What its responder has taken back must not be said any longer.
    entry.response = undefined
    postpone(entry)
    log.error({ path, problem: verdict.detail }, 'the OCSP responder does not call our TLS certificate good')
  }
  const load = async (entry: Stapled, responder: string, fetch: Fetch): Promise<void> => {
    try {
      take(entry, await ask(entry, responder, fetch))
    } catch (error) {
      postpone(entry)
      const problem = describeFetchError(error)
      log.warn({ path, problem }, 'no new OCSP response could be had; one that still holds stays')
    } finally {
      entry.flight = undefined
    }
  }
  const refreshOne = (entry: Stapled): void => {
    const { responder } = entry
    if (responder === undefined || options.fetch === undefined) return
    if (entry.flight === undefined && entry.dueAtMs <= now())
      entry.flight = load(entry, responder, options.fetch)
  }
  const usable = (entry: Stapled): Buffer | null => (entry.endsAtMs > now() ? (entry.response ?? null) : null)

  return {
    take(chain) {
      const entry = toEntry(chain, config, options)
      if (config.responseFile !== undefined) {
        const response = readResponse(config.responseFile, `${path}.responseFile`)
        const verdict = judge(entry, response)
        if (verdict.status !== 'good') throw new ConfigError(`${path}.responseFile`, verdict.detail)
        keep(entry, response, verdict)
      }
      const { fingerprint256 } = entry.certificate
      if (config.responseFile === undefined && entries.get(fingerprint256, 0) !== undefined) return
      entries.set(fingerprint256, entry, { bytes: 0, expiresAtMs: Infinity })
      refreshOne(entry)
    },
    refresh() {
      for (const [, entry] of entries.entries()) refreshOne(entry)
    },
    answer(certificate, callback) {
      const entry = find(entries, certificate)
      if (entry === undefined) return callback(null, null)
      refreshOne(entry)
      const response = usable(entry)
      if (response !== null || entry.flight === undefined) return callback(null, response)
      void answerWithin(entry.flight, () => callback(null, usable(entry)))
    },
  }
}

function find(entries: BoundedCache<string, Stapled>, certificate: Buffer): Stapled | undefined {
  for (const [, entry] of entries.entries()) if (entry.certificate.raw.equals(certificate)) return entry
  return undefined
}

function toEntry(chain: string, { responseFile }: ListenerCertValidation, options: StaplerOptions): Stapled {
  const { path, chainPath } = options
  const [certificate, issuer] = readCertificates(chain)
  if (certificate === undefined || issuer === undefined) {
    throw new ConfigError(chainPath, 'OCSP asks about a certificate of an issuer: put the issuer behind it')
  }
  const responder = responseFile === undefined ? ocspResponderOf(certificate) : undefined
  if (responseFile === undefined && responder === undefined) {
    throw new ConfigError(path, 'the certificate names no OCSP responder; give a response in responseFile')
  }
  if (responseFile === undefined && options.fetch === undefined) {
    throw new ConfigError(path, 'needs a fetch to ask the responder with: give watchCertificates one')
  }
  return { certificate, issuer, responder, endsAtMs: 0, dueAtMs: 0, failures: 0 }
}

function readResponse(file: string, path: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new ConfigError(path, `cannot read ${file} (${code})`, { cause })
  }
}

/** RFC 6960 §A.1. */
async function ask({ certificate, issuer }: Stapled, responder: string, fetch: Fetch): Promise<Buffer> {
  const response = await fetch(responder, {
    method: 'POST',
    headers: { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' },
    body: new Uint8Array(writeOcspRequest(certificate, issuer)),
    signal: AbortSignal.timeout(responderMaxMs),
  })
  const body = await readBody(response, ocspResponseMaxBytes)
  if (response.status !== 200) throw new Error(`the responder answered ${response.status}`)
  if (body === undefined) throw new Error(`the responder sent more than ${ocspResponseMaxBytes} bytes`)
  return body
}

async function answerWithin(work: Promise<void>, answer: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, staplesWaitMs)
  await Promise.race([work, promise])
  clearTimeout(timer)
  answer()
}
