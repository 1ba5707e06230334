// Why: a program in a README that does not run is worse than none. These find the programs and run them.
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { lineAt } from './workspace.ts'

/** A block marked `ts` in a Markdown page; the next block, when marked `text`, is what it prints. */
export interface Program {
  readonly line: number
  readonly source: string
  readonly prints?: string
}

export function programsIn(markdown: string): readonly Program[] {
  const blocks = [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
  return blocks.flatMap(({ 1: language, 2: source = '', index }, position) => {
    if (language !== 'ts') return []
    const next = blocks[position + 1]
    const program = { line: lineAt(markdown, index), source }
    return next?.[1] === 'text' ? [{ ...program, prints: next[2] ?? '' }] : [program]
  })
}

/** The names of our subpaths that a program imports: `barre/fastify`. */
export function topicsOf({ source }: Program): readonly string[] {
  return [...source.matchAll(/from '(barre\/[\w-]+)'/g)].map(([, topic = '']) => topic)
}

/**
 * Runs a program from a file at `path` and gives what it printed; rejects when it fails or does not end by
 * itself.
 */
export async function runProgram(
  { source }: Program,
  path: string,
  nodeOptions: readonly string[] = [],
): Promise<string> {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, source)
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...nodeOptions, path], {
      timeout: 60_000,
    })
    return stdout
  } finally {
    rmSync(path)
  }
}
