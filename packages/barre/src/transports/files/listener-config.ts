import { ConfigError, instance, number, optional, record, text } from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'
import type { FileState } from './file-state.ts'
import { checkPath } from './path.ts'

/** What a listener watches, and how. */
export interface FileListenerConfig {
  /** The directory; default: the one that the server begins in. */
  readonly path?: string
  /** A regular expression that the whole name of a file must match; default: every name. */
  readonly fileNamePattern?: string
  /** Seconds between two looks; default 60. */
  readonly pollingInterval?: number
  /** Seconds for which a file must not have changed before it is handed over; default 5. */
  readonly settleTime?: number
  /** What was handed over; default: in memory. */
  readonly state?: FileState
}

const pollingIntervalDefaultSeconds = 60
const settleTimeDefaultSeconds = 5
const intervalMaxSeconds = 86_400

/** A checked FileListenerConfig. */
export interface FileListenerSettings {
  readonly path: string
  readonly isWanted: (name: string) => boolean
  readonly pollingMs: number
  readonly settleMs: number
  readonly state: FileState | undefined
}

const isState = (value: unknown): value is FileState =>
  ['load', 'put', 'delete'].every(
    (verb) => typeof (value as Record<string, unknown> | null)?.[verb] === 'function',
  )

const shape: Shape<FileListenerConfig> = record<FileListenerConfig>({
  path: optional(text()),
  fileNamePattern: optional(text()),
  pollingInterval: optional(number({ min: 0.01, max: intervalMaxSeconds, unit: 'seconds' })),
  settleTime: optional(number({ max: intervalMaxSeconds, unit: 'seconds' })),
  state: optional(instance('a FileState', isState)),
})

/** The part of a configuration that is the listener's, and the connection's. */
export function splitConfig<Config extends FileListenerConfig>(
  config: Config,
): { readonly listening: FileListenerConfig; readonly connection: Omit<Config, keyof FileListenerConfig> } {
  const { path, fileNamePattern, pollingInterval, settleTime, state, ...connection } = config
  const listening = { path, fileNamePattern, pollingInterval, settleTime, state }
  // A member that is undefined is an absent one to the shape.
  return { listening: listening as FileListenerConfig, connection }
}

/** Throws ConfigError. */
export function toListenerSettings(config: FileListenerConfig): FileListenerSettings {
  const { path = '.', fileNamePattern, pollingInterval, settleTime, state } = shape.check(config, '')
  const pattern = fileNamePattern === undefined ? undefined : toPattern(fileNamePattern)
  return {
    path: toDirectory(path),
    isWanted: (name) => pattern?.test(name) ?? true,
    pollingMs: (pollingInterval ?? pollingIntervalDefaultSeconds) * 1000,
    settleMs: (settleTime ?? settleTimeDefaultSeconds) * 1000,
    state,
  }
}

function toDirectory(path: string): string {
  try {
    return checkPath(path)
  } catch (cause) {
    throw new ConfigError('path', (cause as Error).message, { cause })
  }
}

function toPattern(expression: string): RegExp {
  try {
    return new RegExp(`^(?:${expression})$`, 'u')
  } catch (cause) {
    throw new ConfigError('fileNamePattern', 'expected a regular expression, as in .*\\.csv', { cause })
  }
}
