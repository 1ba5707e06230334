import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { FileError, joinPath } from '../src/transports/files/index.ts'
import type { FileInfo, FileSession } from '../src/transports/files/index.ts'

/** A server of files that is a table: to try what no real one can be brought to. */
export class MemoryFiles {
  readonly files = new Map<string, { content: Buffer; modifiedAtMs: number }>()
  /** How many sessions were opened. */
  opened = 0
  isDown = false
  #inUse = new Set<{ isOpen: boolean }>()

  write(path: string, content: string, modifiedAtMs = 0): void {
    this.files.set(path, { content: Buffer.from(content), modifiedAtMs })
  }

  /** Ends every connection. */
  crash(): void {
    for (const session of this.#inUse) session.isOpen = false
    this.isDown = true
  }

  readonly open = async (): Promise<FileSession> => {
    this.opened++
    if (this.isDown) throw new FileError('unavailable', 'down')
    const state = { isOpen: true }
    this.#inUse.add(state)
    return this.#session(state)
  }

  #session(state: { isOpen: boolean }): FileSession {
    const find = (path: string): { content: Buffer; modifiedAtMs: number } => {
      if (!state.isOpen) throw new FileError('unavailable', 'it went down')
      const file = this.files.get(path)
      if (file === undefined) throw new FileError('not_found', path)
      return file
    }
    return {
      get isOpen() {
        return state.isOpen
      },
      list: async (directory, isWanted) => {
        if (!state.isOpen) throw new FileError('unavailable', 'it went down')
        return [...this.files]
          .map(([path, { content, modifiedAtMs }]): FileInfo => {
            const name = path.slice(directory.length + 1)
            return { name, path: joinPath(directory, name), type: 'file', size: content.length, modifiedAtMs }
          })
          .filter(({ name }) => isWanted(name))
      },
      get: async (path) => Readable.from([find(path).content]),
      put: async (path, content) => {
        const bytes = await buffer(content)
        this.files.set(path, { content: bytes, modifiedAtMs: 0 })
      },
      append: refuse,
      rename: refuse,
      delete: async (path) => {
        find(path)
        this.files.delete(path)
      },
      mkdir: refuse,
      rmdir: refuse,
      isDirectory: refuse,
      size: async (path) => find(path).content.length,
      close() {
        state.isOpen = false
      },
    }
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new FileError('refused', 'not here'))
}
