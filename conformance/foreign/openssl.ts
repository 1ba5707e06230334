import { spawn } from 'node:child_process'
import { isInstalled } from '../../tools/servers/index.ts'

const program = 'openssl'

/** Why suites with OpenSSL's program are skipped; false where it is there. */
export const withoutOpenSsl: string | false = isInstalled({ name: program, program })
  ? false
  : `${program} is not installed`

/** A running `openssl`. */
export interface OpenSsl {
  /** All that it has printed. */
  readonly text: () => string
  /** Resolves when it has printed something that matches; rejects, with what it printed, when it ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  write(line: string): void
  /** Ends it. */
  stop(): Promise<void>
  readonly ended: Promise<void>
}

export function openSsl(...args: readonly string[]): OpenSsl {
  const child = spawn(program, args)
  let text = ''
  let hasEnded = false
  const waiting = new Set<() => void>()
  const notice = (): void => {
    for (const look of waiting) look()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      text += part.toString('latin1')
      notice()
    })
  }
  // Writing to a program that has just ended is no failure of the test.
  child.stdin.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      hasEnded = true
      notice()
      resolve()
    })
  })
  return {
    text: () => text,
    ended,
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(text)
          if (found === null && !hasEnded) return
          waiting.delete(look)
          if (found === null) reject(new Error(`openssl never printed ${pattern.source}:\n${text}`))
          else resolve(found)
        }
        waiting.add(look)
        look()
      }),
    write: (line) => void child.stdin.write(`${line}\n`),
    async stop() {
      child.kill()
      await ended
    },
  }
}
