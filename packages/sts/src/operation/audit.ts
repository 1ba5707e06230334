import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { ConfigError } from 'barre/core'
import type { Log, Services } from 'barre/core'

/** What an operator has to be able to say later. No field ever holds a token, a code, a password or a secret. */
interface AuditEvent {
  readonly event:
    | 'token_issued'
    | 'request_refused'
    | 'token_revoked'
    | 'login'
    | 'client_registered'
    | 'request_pushed'
  readonly clientId?: string | undefined
  readonly grant?: string | undefined
  readonly subject?: string | undefined
  readonly tokenId?: string | undefined
  readonly address?: string | undefined
  readonly endpoint?: string | undefined
  readonly error?: string | undefined
  readonly detail?: string | undefined
}

/** Where audit events go: one JSON object a line, with the time in UTC. */
export interface Audit {
  write(event: AuditEvent): void
  /** Writes what waits. */
  close(): Promise<void>
}

/** The most bytes that wait for the disk; beyond, events are counted as lost, and that is logged. */
const waitingMaxBytes = 1_048_576

/** Events in the log, or in a file of their own, which only we can read. Throws ConfigError naming `path`. */
export async function openAudit(
  file: string | undefined,
  services: Pick<Services, 'log' | 'now'>,
  path: string,
): Promise<Audit> {
  if (file === undefined) return auditLog(services.log)
  await open(file, 'a', 0o600).then(
    (handle) => handle.close(),
    (cause: Error) => {
      throw new ConfigError(path, `${file} cannot be written: ${cause.message}`, { cause })
    },
  )
  return auditFile(file, services)
}

function auditLog(log: Log): Audit {
  return {
    write: (event) => log.info(event, event.event.replaceAll('_', ' ')),
    close: () => Promise.resolve(),
  }
}

function auditFile(file: string, { log, now }: Pick<Services, 'log' | 'now'>): Audit {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 })
  let lost = 0
  stream.on('error', (error) => log.error({ file, error }, 'the audit file cannot be written'))
  return {
    write(event) {
      if (stream.writableLength > waitingMaxBytes || stream.destroyed) {
        lost++
        log.error({ file, lost, ...event }, 'an audit event was lost')
        return
      }
      stream.write(`${JSON.stringify({ time: new Date(now()).toISOString(), ...event })}\n`)
    },
    close: () =>
      new Promise((resolve) => {
        if (stream.destroyed) resolve()
        else stream.end(resolve)
      }),
  }
}
