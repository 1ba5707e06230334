import { watch } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError, systemClock } from '../core/index.ts'
import { digestFiles } from './file-digest.ts'
import { readServer } from './options.ts'
import { createStapler } from './stapler.ts'
import type { FSWatcher } from 'node:fs'
import type { SecureContextOptions } from 'node:tls'
import type { Fetch, ListenerSecureSocket, Log } from '../core/index.ts'
import type { OcspCallback, Stapler, StaplerOptions } from './stapler.ts'

/** What can take a new certificate while it runs: an https, http2 or tls server. */
export interface CertificateTarget {
  setSecureContext(options: SecureContextOptions): void
  /** Of those that can staple OCSP responses. */
  on?(event: 'OCSPRequest', listener: OcspListener): unknown
  off?(event: 'OCSPRequest', listener: OcspListener): unknown
}

type OcspListener = (certificate: Buffer, issuer: Buffer, callback: OcspCallback) => void

export interface WatchOptions {
  readonly log: Log
  /** Where the configuration is, for messages; default `secureSocket`. */
  readonly path?: string
  readonly now?: () => number
  /** How often the files are looked at where the file system tells nothing; default 60 seconds. */
  readonly recheckSeconds?: number
  /** How the responder of `certValidation` is reached; plain http must be allowed it, since responses are signed. */
  readonly fetch?: Fetch
}

export interface CertificateWatcher {
  /** Whole days until the certificate in use ends; negative afterwards. */
  daysToExpiry(): number
  /** Looks at the files now; answers whether a new pair was taken. */
  check(): boolean
  close(): void
}

const recheckSecondsDefault = 60
/** A certificate that ends within so many days is worth a warning, once a day. */
const warningDays = 14
/** How long the files must rest: a renewal writes two of them, and links may change in between. Milliseconds. */
const restMs = 100
const dayMs = 86_400_000

/**
 * Gives a server its new certificate when the files of its configuration change, without a restart: new connections see
 * it, open ones stay as they are. A pair that is unusable is logged and the one in use kept. Begins by loading the
 * files itself, with the errors of `toServerOptions`. Never keeps the process alive.
 */
export function watchCertificates(
  server: CertificateTarget,
  secureSocket: ListenerSecureSocket,
  options: WatchOptions,
): CertificateWatcher {
  const { log, path = 'secureSocket', now = systemClock } = options
  const files = listFiles(secureSocket)
  let inUse = digestFiles(files)
  let refused: string | undefined
  let warnedDays: number | undefined
  let rest: NodeJS.Timeout | undefined
  let expiresAtMs = 0
  const stapling = staple(server, secureSocket, { log, path, now, fetch: options.fetch })

  const daysToExpiry = (): number => Math.floor((expiresAtMs - now()) / dayMs)
  const take = (): void => {
    const fresh = readServer(secureSocket, path, now())
    stapling?.stapler.take(fresh.options.cert)
    server.setSecureContext(fresh.options)
    expiresAtMs = fresh.expiresAtMs
    log.info({ path, daysToExpiry: daysToExpiry() }, 'the TLS certificate was loaded')
  }
  const warnOfExpiry = (): void => {
    const days = daysToExpiry()
    if (days > warningDays || days === warnedDays) return
    warnedDays = days
    log.warn({ path, daysToExpiry: days }, 'the TLS certificate ends soon')
  }
  const check = (): boolean => {
    const found = digestFiles(files)
    const isTaken = found !== inUse && attempt(found)
    warnOfExpiry()
    stapling?.stapler.refresh()
    return isTaken
  }
  const attempt = (found: string): boolean => {
    try {
      take()
      inUse = found
      return true
    } catch (error) {
      // Tried again at every check, since a certificate may only not be valid yet, but said once.
      if (found !== refused)
        log.error({ path, error }, 'the new TLS certificate is unusable; the old one stays')
      refused = found
      return false
    }
  }

  take()
  warnOfExpiry()
  const watchers = watchDirectories(files, log, () => {
    clearTimeout(rest)
    rest = setTimeout(check, restMs).unref()
  })
  const recheck = setInterval(check, (options.recheckSeconds ?? recheckSecondsDefault) * 1000).unref()
  return {
    daysToExpiry,
    check,
    close() {
      clearTimeout(rest)
      clearInterval(recheck)
      stapling?.end()
      for (const watcher of watchers) watcher.close()
    },
  }
}

/** Answers the server's handshakes that ask for an OCSP response, where the configuration says so. */
function staple(
  server: CertificateTarget,
  { key, certValidation }: ListenerSecureSocket,
  { path, ...options }: Pick<StaplerOptions, 'log' | 'path' | 'now' | 'fetch'>,
): { readonly stapler: Stapler; end(): void } | undefined {
  if (certValidation === undefined) return undefined
  const field = `${path}.certValidation`
  if (server.on === undefined) throw new ConfigError(field, 'this server cannot staple OCSP responses')
  const chainPath = `${path}.key.${'certFile' in key ? 'certFile' : 'path'}`
  const stapler = createStapler(certValidation, { ...options, path: field, chainPath })
  const answer: OcspListener = (certificate, _issuer, callback) => stapler.answer(certificate, callback)
  server.on('OCSPRequest', answer)
  return { stapler, end: () => server.off?.('OCSPRequest', answer) }
}

/** `readServer` has already refused what is not a file. */
function listFiles({ key, mutualSsl, certValidation }: ListenerSecureSocket): string[] {
  const files = 'certFile' in key ? [key.certFile, key.keyFile] : [key.path]
  if (certValidation?.responseFile !== undefined) files.push(certValidation.responseFile)
  if (mutualSsl === undefined) return files
  return [...files, typeof mutualSsl.cert === 'string' ? mutualSsl.cert : mutualSsl.cert.path]
}

/** The directories, not the files: a watch on a file ends with the file that is renamed over. */
function watchDirectories(files: readonly string[], log: Log, onChange: () => void): FSWatcher[] {
  const directories = new Set(files.map((file) => dirname(file)))
  return [...directories].flatMap((directory) => {
    const fallBack = (error: unknown): void => {
      log.debug({ directory, error }, 'the directory cannot be watched; the slow check remains')
    }
    try {
      return [watch(directory, { persistent: false }, onChange).on('error', fallBack)]
    } catch (error) {
      fallBack(error)
      return []
    }
  })
}
