import type { FileClient, FileErrorCode, FileHandler, FileListener, FileListenerConfig } from 'barre/ftp'
import type { Installable } from '../../tools/servers/index.ts'
import type { BrokerWorld } from '../brokers/world.ts'

/** One connection that is tried, and what becomes of it. */
export interface Attempt {
  readonly name: string
  readonly connect: () => FileClient
  /** Absent: it is let in. */
  readonly refusal?: FileErrorCode
}

/** One way to prove oneself to a server, and the server to us. */
export interface Mechanism {
  readonly server: string
  readonly name: string
  /** A folder that the user may write to. */
  readonly root: string
  readonly attempts: readonly Attempt[]
}

/** A client, and a listener on a folder that is there. */
export interface Flow {
  readonly folder: string
  readonly client: FileClient
  readonly listen: (config: FileListenerConfig, handler: FileHandler) => FileListener
  /** Ends the server as a crash would, and starts it again. */
  readonly restart: () => Promise<void>
}

export interface RunningFiles {
  readonly mechanisms: readonly Mechanism[]
  readonly flows: Readonly<Record<string, () => Flow>>
  stop(): Promise<void>
}

/** One wire. Adding one: a file here, and a line in index.ts. */
export interface FileKit {
  /** The folder in packages/barre/src/transports. */
  readonly folder: string
  readonly needs: readonly Installable[]
  start(world: BrokerWorld): Promise<RunningFiles>
}
