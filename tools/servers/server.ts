import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'

/** A server that is running for one test. */
export interface RunningServer {
  /** The loopback ports that it listens on, by protocol. */
  readonly ports: Readonly<Record<string, number>>
  /** Ends it and removes what it wrote. */
  stop(): Promise<void>
}

/** A real server from Debian. Nothing of it is in this repo but how to start it. */
export interface RealServer<C = unknown, R extends RunningServer = RunningServer> {
  readonly name: string
  /** The Debian packages that bring it. */
  readonly packages: readonly string[]
  /** The program that starts it: on PATH, in a system folder, or the path of what was downloaded. */
  readonly program: string
  /** The optional npm package that talks to it, built when the workspace was installed. */
  readonly nodePackage?: string
  /** What Debian does not have of it. */
  readonly download?: Download
  /** Starts it on free loopback ports in a folder of its own; resolves once it answers. */
  start(config: C): Promise<R>
}

/** A real client, for suites that want one that was not written for us. */
export type ForeignClient = Pick<RealServer, 'name' | 'packages' | 'program' | 'download'>

/** Something that a registry of a language has, fetched once and kept where every account can read it. */
interface Download {
  /** The program that fetches it, which the packages bring too. */
  readonly program: string
  isThere(): boolean
  fetch(): void
}

/** Where downloads are kept. */
export function cacheFolder(name: string): string {
  const isRoot = process.getuid?.() === 0
  return join(isRoot ? '/var/cache' : join(homedir(), '.cache'), 'barre-servers', name)
}

/** Where a server's program is on this machine; `undefined` when it is not installed. */
export function findProgram(program: string, path = process.env['PATH'] ?? ''): string | undefined {
  if (isAbsolute(program)) return existsSync(program) ? program : undefined
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin']
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file))
}
