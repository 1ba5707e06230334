import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { main } from '../src/main.ts'

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command line. */
export async function run(argv: readonly string[], stdin: string | readonly Buffer[] = ''): Promise<Outcome> {
  let [stdout, stderr] = ['', '']
  const code = await main(argv, {
    stdin: Readable.from(typeof stdin === 'string' ? [Buffer.from(stdin)] : stdin),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { code, stdout, stderr }
}

/** What a command line prints when it ends well. */
export async function output(argv: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await run(argv, stdin)
  assert.equal(stderr, '')
  assert.equal(code, 0)
  return stdout
}
