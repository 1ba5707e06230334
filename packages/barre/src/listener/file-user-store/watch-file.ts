import { hash } from 'node:crypto'
import { readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** How long a file must rest before it is read: an editor writes it in several steps. Milliseconds. */
const restMs = 50
/** How often a file is looked at where the file system tells nothing, in milliseconds. */
const recheckMs = 60_000

/** Calls back when a file's content changes; returns how to stop. Keeps no process alive. */
export function watchFile(file: string, onChange: () => void): () => void {
  let seen = digest(file)
  let rest: NodeJS.Timeout | undefined
  const check = (): void => {
    const found = digest(file)
    if (found === seen) return
    seen = found
    onChange()
  }
  const wait = (): void => {
    clearTimeout(rest)
    rest = setTimeout(check, restMs).unref()
  }
  const recheck = setInterval(check, recheckMs).unref()
  const stop = watchFolder(file, wait)
  return () => {
    clearTimeout(rest)
    clearInterval(recheck)
    stop()
  }
}

/** The folder, not the file: a watch on a file ends with the file that is renamed over. */
function watchFolder(file: string, onChange: () => void): () => void {
  try {
    // Where it fails, the slow check remains.
    const watcher = watch(dirname(file), { persistent: false }, onChange).on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => undefined
  }
}

/** Of the content, not of the dates: a mounted file changes by swapping a link. */
function digest(file: string): string {
  try {
    return hash('sha256', readFileSync(file))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable'
  }
}
