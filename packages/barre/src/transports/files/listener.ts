import { setTimeout as delay } from 'node:timers/promises'
import type { Awaitable, Services } from '../../core/index.ts'
import type { FileClient } from './client.ts'
import { memoryFileState } from './file-state.ts'
import { toListenerSettings } from './listener-config.ts'
import type { FileListenerConfig } from './listener-config.ts'
import type { FileInfo } from './session.ts'
import { Sightings } from './sightings.ts'

/** A file that is new, or not what it was; or one that is not there any more. */
export type FileEvent =
  | { readonly type: 'added'; readonly file: FileInfo }
  | { readonly type: 'deleted'; readonly file: Pick<FileInfo, 'name' | 'path'> }

/** Gets one file at a time; what it throws has the file come again. `caller`: the client of the same server. */
export type FileHandler = (event: FileEvent, caller: FileClient) => Awaitable<unknown>

/** Watches a directory until it is closed. */
export interface FileListener {
  /** Whether the last look at the directory succeeded. */
  ready(): boolean
  /** Waits for the file in hand, and ends the connections. */
  close(): Promise<void>
}

/** After a failure it is tried again this soon, and then each time after twice as long, in milliseconds. */
const retryMinMs = 500

/**
 * Looks into a directory again and again, never twice at a time. Each file is handed over at least once: it counts as
 * done when the handler is done and the state has been kept. Throws ConfigError.
 */
export function listenForFiles(
  config: FileListenerConfig,
  handler: FileHandler,
  server: string,
  connect: () => FileClient,
  services: Pick<Services, 'now' | 'random' | 'log'>,
): FileListener {
  const { path, isWanted, pollingMs, settleMs, state = memoryFileState() } = toListenerSettings(config)
  const caller = connect()
  const sightings = new Sightings(state, server, path, settleMs)
  const closing = new AbortController()
  let isReady = false

  const hand = async (event: FileEvent, keep: () => Awaitable<void>): Promise<boolean> => {
    try {
      await handler(event, caller)
      await keep()
      return true
    } catch (error) {
      services.log.error(
        { error, file: event.file.path, type: event.type },
        'a file was not handled; it comes again',
      )
      return false
    }
  }
  /** How long to wait until the next look, where that is not the usual time; or that something failed. */
  const look = async (): Promise<'done' | 'unsettled' | 'failed'> => {
    const listing = await caller.list(path, isWanted)
    isReady = listing.ok
    if (!listing.ok) {
      services.log.warn(
        { code: listing.error.code, error: listing.error.message },
        'the directory cannot be read yet',
      )
      return 'failed'
    }
    const found = await sightings.compare(listing.value, services.now())
    let failed = 0
    for (const { event, keep } of found.events) {
      if (closing.signal.aborted) return 'done'
      if (!(await hand(event, keep))) failed++
    }
    if (failed > 0) return 'failed'
    return found.isUnsettled ? 'unsettled' : 'done'
  }
  const run = async (): Promise<void> => {
    let failures = 0
    while (!closing.signal.aborted) {
      const outcome = await look().catch((error: unknown) => {
        services.log.error({ error }, 'the state of a directory cannot be read or kept')
        return 'failed' as const
      })
      failures = outcome === 'failed' ? failures + 1 : 0
      const waits = { done: pollingMs, unsettled: settleMs, failed: backoff(failures, services) }
      await delay(Math.min(pollingMs, waits[outcome]), undefined, { signal: closing.signal }).catch(
        () => undefined,
      )
    }
  }
  const running = run()
  return {
    ready: () => isReady,
    async close() {
      isReady = false
      closing.abort()
      await running
      await caller.close()
    },
  }
}

/** Chance spreads listeners that one outage has made equal. */
function backoff(failures: number, services: Pick<Services, 'random'>): number {
  const chance = (services.random(1)[0] ?? 0) / 255
  return retryMinMs * 2 ** Math.min(failures - 1, 20) * (0.5 + chance / 2)
}
