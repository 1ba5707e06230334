import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from './child.ts'
import type { ServerFolder } from './child.ts'

/** Makes `host-key` in a server's folder; gives the line of its public half. */
export async function makeHostKey({ path }: ServerFolder, type: 'ecdsa' | 'ed25519'): Promise<string> {
  const file = join(path, 'host-key')
  runProgram('ssh-keygen', ['-q', '-t', type, '-m', 'PEM', '-N', '', '-C', 'host', '-f', file])
  return (await readFile(`${file}.pub`, 'utf8')).trim()
}
