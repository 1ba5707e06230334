// Why: a suite against the real thing (a directory, a broker) must find it, start it alone, and say so when
// it is absent.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { isRequired } from '../require.ts'
import { dovecot } from './dovecot.ts'
import { exim } from './exim.ts'
import { grpcurl } from './grpcurl.ts'
import { chromium } from './chromium.ts'
import { kafka } from './kafka.ts'
import { keytool } from './keytool.ts'
import { natsServer } from './nats.ts'
import { ocspResponder } from './ocsp-responder.ts'
import { natsStreaming } from './nats-streaming.ts'
import { openLdap } from './openldap.ts'
import { openSsh } from './openssh.ts'
import { postgresql } from './postgresql.ts'
import { proFtpd } from './proftpd.ts'
import { rabbitMq } from './rabbitmq.ts'
import { redis } from './redis.ts'
import { findProgram } from './server.ts'
import { softhsm } from './softhsm.ts'
import type { ForeignClient, RealServer, RunningServer } from './server.ts'
import { workspaceRoot } from '../workspace.ts'

export { dovecot } from './dovecot.ts'
export type { DovecotIntrospection, DovecotKeys, RunningDovecot } from './dovecot.ts'
export { exim } from './exim.ts'
export type { RunningExim } from './exim.ts'
export { grpcurl, grpcurlProgram } from './grpcurl.ts'
export { freePorts } from './child.ts'
export { chromium } from './chromium.ts'
export type { Page, RunningBrowser } from './chromium.ts'
export { kafka } from './kafka.ts'
export { keytool } from './keytool.ts'
export { natsServer } from './nats.ts'
export { ocspResponder } from './ocsp-responder.ts'
export type { RunningOcspResponder } from './ocsp-responder.ts'
export { natsStreaming } from './nats-streaming.ts'
export { openLdap } from './openldap.ts'
export type { OpenLdapConfig, RunningOpenLdap } from './openldap.ts'
export { openSsh } from './openssh.ts'
export { postgresql } from './postgresql.ts'
export type { RunningPostgresql } from './postgresql.ts'
export { proFtpd } from './proftpd.ts'
export type { RunningFileServer } from './proftpd.ts'
export { rabbitMq } from './rabbitmq.ts'
export { redis } from './redis.ts'
export type { RestartableServer } from './restartable.ts'
export type { RealServer } from './server.ts'

/** The servers that suites use, one row each; the row's file lies beside this one. */
export const servers: readonly RealServer[] = [
  openLdap,
  postgresql,
  redis,
  softhsm,
  natsServer,
  natsStreaming,
  rabbitMq,
  kafka,
  dovecot,
  exim,
  ocspResponder,
  proFtpd,
  openSsh,
  chromium,
]

/** The clients that suites use, which `install` brings too. */
const clients: readonly ForeignClient[] = [grpcurl, keytool]

/** As much of a server as says whether it is here. */
export type Installable = Pick<RealServer, 'name' | 'program' | 'nodePackage' | 'download'>

/** Whether a server's program, and the npm package that talks to it, is on this machine. */
export function isInstalled({ program, nodePackage, download }: Installable, path?: string): boolean {
  if (download?.isThere() === false) return false
  if (nodePackage !== undefined && !existsSync(join(workspaceRoot, 'node_modules', nodePackage))) return false
  return findProgram(program, path) !== undefined
}

/**
 * A test against a real server: skipped with a notice where it is not installed, failed there when
 * BARRE_REQUIRE says `servers`.
 */
export function serverTest<C, R extends RunningServer>(
  name: string,
  server: RealServer<C, R>,
  config: C | (() => C | Promise<C>),
  body: (running: R) => Promise<void>,
): void {
  void test(name, async (context) => {
    if (skipWithout(server, context)) return
    const made = typeof config === 'function' ? await (config as () => C | Promise<C>)() : config
    const running = await server.start(made)
    try {
      await body(running)
    } finally {
      await running.stop()
    }
  })
}

/** Skips a test where the server is not installed, and fails it where BARRE_REQUIRE says `servers`. */
export function skipWithout(server: Installable, context: Pick<TestContext, 'skip'>): boolean {
  if (isInstalled(server)) return false
  const notice = `${server.name} is not installed: ${installing}`
  if (isRequired('servers')) throw new Error(`BARRE_REQUIRE says servers, but ${notice}`)
  context.skip(notice)
  return true
}

const installing = 'npm run servers install'

/** Installs what is missing. The packages' own services are not started. */
function install(): void {
  const missing = [...servers, ...clients].filter((server) => !isInstalled(server))
  if (missing.length === 0) console.log('nothing to install')
  // A program may be there from elsewhere than Debian.
  const packages = missing
    .filter(({ program, download }) =>
      // A path is that of a download, which no package brings.
      [program, download?.program ?? program].some((name) => !isAbsolute(name) && !findProgram(name)),
    )
    .flatMap((server) => server.packages)
  if (packages.length > 0) installPackages(packages)
  for (const { download } of missing) if (download?.isThere() === false) download.fetch()
}

function installPackages(packages: readonly string[]): void {
  if (process.getuid?.() !== 0) {
    throw new Error(`only root installs: sudo apt-get install --no-install-recommends ${packages.join(' ')}`)
  }
  // At run level 1 Debian's invoke-rc.d starts nothing.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const run = (...args: readonly string[]): void =>
    void execFileSync('/usr/bin/apt-get', args, { stdio: 'inherit', env })
  const all = ['install', '--yes', '--no-install-recommends', ...packages]
  try {
    run(...all)
  } catch {
    // The machine's lists of packages may be absent or old.
    run('update')
    run(...all)
  }
}

function main(verb: string | undefined): void {
  if (verb === 'list') {
    for (const server of [...servers, ...clients]) {
      console.log(
        `${server.name}\t${isInstalled(server) ? 'installed' : 'absent'}\t${server.packages.join(' ')}`,
      )
    }
    console.log(`${servers.length} server(s), ${clients.length} client(s)`)
  } else if (verb === 'install') {
    install()
  } else {
    console.error('usage: npm run servers install|list')
    process.exitCode = 2
  }
}

if (import.meta.main) main(process.argv[2])
