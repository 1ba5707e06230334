// Why: a suite against the real thing (a directory, a broker) must find it, start it alone, and say so when
// it is absent.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { isRequired } from '../require.ts'
import { workspaceRoot } from '../workspace.ts'
import { softhsm } from './softhsm.ts'

/** A server that is running for one test. */
export interface RunningServer {
  /** The loopback ports that it listens on, by protocol. */
  readonly ports: Readonly<Record<string, number>>
  /** Ends it and removes what it wrote. */
  stop(): Promise<void>
}

/** A real server from Debian. Nothing of it is in this repo but how to start it. */
export interface RealServer<C = unknown> {
  readonly name: string
  /** The Debian packages that bring it. */
  readonly packages: readonly string[]
  /** The program that must be on PATH, or in a system folder, for it to start. */
  readonly program: string
  /** The optional npm package that talks to it, built when the workspace was installed. */
  readonly nodePackage?: string
  /** Starts it on free loopback ports in a folder of its own; resolves once it answers. */
  start(config: C): Promise<RunningServer>
}

/** The servers that suites use, one row each; the row's file lies beside this one. */
export const servers: readonly RealServer[] = [softhsm]

/** Whether a server's program, and the npm package that talks to it, is on this machine. */
export function isInstalled({ program, nodePackage }: RealServer, path = process.env['PATH'] ?? ''): boolean {
  if (nodePackage !== undefined && !existsSync(join(workspaceRoot, 'node_modules', nodePackage))) return false
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin']
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)))
}

/**
 * A test against a real server: skipped with a notice where it is not installed, failed there when
 * BARRE_REQUIRE says `servers`.
 */
export function serverTest<C>(
  name: string,
  server: RealServer<C>,
  config: C,
  body: (running: RunningServer) => Promise<void>,
): void {
  void test(name, async (context) => {
    if (!isInstalled(server)) {
      if (isRequired('servers'))
        throw new Error(`BARRE_REQUIRE says servers, but ${server.name} is not installed`)
      context.skip(`${server.name} is not installed: node tools/servers/index.ts install`)
      return
    }
    const running = await server.start(config)
    try {
      await body(running)
    } finally {
      await running.stop()
    }
  })
}

function main(verb: string | undefined): void {
  if (verb === 'list') {
    for (const server of servers) {
      console.log(
        `${server.name}\t${isInstalled(server) ? 'installed' : 'absent'}\t${server.packages.join(' ')}`,
      )
    }
    console.log(`${servers.length} server(s)`)
  } else if (verb === 'install') {
    const packages = servers.filter((server) => !isInstalled(server)).flatMap((server) => server.packages)
    if (packages.length === 0) console.log('nothing to install')
    else
      execFileSync('/usr/bin/apt-get', ['install', '--yes', '--no-install-recommends', ...packages], {
        stdio: 'inherit',
      })
  } else {
    console.error('usage: node tools/servers/index.ts install|list')
    process.exitCode = 2
  }
}

if (import.meta.main) main(process.argv[2])
