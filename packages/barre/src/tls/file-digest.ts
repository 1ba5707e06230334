import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** What the files hold now. Of the content, not of the dates: a mounted secret changes by swapping a link. */
export function digestFiles(files: readonly string[]): string {
  return files.map((file) => digestFile(file)).join(' ')
}

function digestFile(file: string): string {
  try {
    return hash('sha256', readFileSync(file))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable'
  }
}
