import type { Awaitable } from '../../core/index.ts'
import type { FileState } from './file-state.ts'
import type { FileEvent } from './listener.ts'
import { joinPath } from './path.ts'
import type { FileInfo } from './session.ts'

/** What is to be handed over, and how to remember that it was. */
interface Pending {
  readonly event: FileEvent
  readonly keep: () => Awaitable<void>
}

/** A file that may still grow. */
interface Waiting {
  readonly version: string
  readonly sinceMs: number
}

/**
 * What is known of one directory. It holds no more than the last listing had, for files that are gone are forgotten
 * when that was handed over.
 */
export class Sightings {
  readonly #state: FileState
  readonly #directory: string
  readonly #path: string
  readonly #settleMs: number
  #known: Map<string, string> | undefined
  #waiting = new Map<string, Waiting>()

  /** `server` and `path` name the directory in the state. */
  constructor(state: FileState, server: string, path: string, settleMs: number) {
    this.#state = state
    this.#directory = `${server} ${path}`
    this.#path = path
    this.#settleMs = settleMs
  }

  /** What has changed since: the files that are gone, then those that are new and have settled, oldest first. */
  async compare(
    listing: readonly FileInfo[],
    nowMs: number,
  ): Promise<{ readonly events: readonly Pending[]; readonly isUnsettled: boolean }> {
    this.#known ??= new Map(await this.#state.load(this.#directory))
    const known = this.#known
    const files = new Map(listing.filter(({ type }) => type === 'file').map((file) => [file.name, file]))
    const gone = [...known.keys()].filter((name) => !files.has(name))
    const fresh = [...files.values()].filter((file) => known.get(file.name) !== versionOf(file))
    this.#waiting = new Map(fresh.map((file) => [file.name, this.#waitFor(file, nowMs)]))
    const settled = fresh.filter(({ name }) => nowMs - this.#waiting.get(name)!.sinceMs >= this.#settleMs)
    return {
      events: [
        ...gone.map((name) => this.#gone(known, name)),
        ...settled.toSorted(byAge).map((file) => this.#added(known, file)),
      ],
      isUnsettled: settled.length < fresh.length,
    }
  }

  #waitFor(file: FileInfo, nowMs: number): Waiting {
    const before = this.#waiting.get(file.name)
    const version = versionOf(file)
    return before?.version === version ? before : { version, sinceMs: nowMs }
  }

  #gone(known: Map<string, string>, name: string): Pending {
    return {
      event: { type: 'deleted', file: { name, path: joinPath(this.#path, name) } },
      keep: async () => {
        await this.#state.delete(this.#directory, name)
        known.delete(name)
      },
    }
  }

  #added(known: Map<string, string>, file: FileInfo): Pending {
    const version = versionOf(file)
    return {
      event: { type: 'added', file },
      keep: async () => {
        await this.#state.put(this.#directory, file.name, version)
        known.set(file.name, version)
      },
    }
  }
}

/** What tells a file from another one of its name. */
function versionOf({ size, modifiedAtMs }: FileInfo): string {
  return `${size} ${modifiedAtMs ?? ''}`
}

function byAge(a: FileInfo, b: FileInfo): number {
  return (a.modifiedAtMs ?? 0) - (b.modifiedAtMs ?? 0) || (a.name < b.name ? -1 : 1)
}
