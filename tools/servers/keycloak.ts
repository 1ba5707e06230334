// Why: an authorization server that many have in production answers otherwise than those that are made for tests.
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createServerFolder, freePorts, startProcess } from './child.ts'
import { workspaceRoot } from '../workspace.ts'
import type { RunningServer } from './server.ts'

/** What a test's Keycloak holds. */
export interface KeycloakConfig {
  /** A realm as Keycloak exports it. */
  readonly realm: object
  /** Of the server, and the authority that clients' certificates are of. */
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly caFile: string }
}

const version = '26.5.2'
const distribution = `org.keycloak:keycloak-quarkus-dist:${version}:zip`
const cache = join(workspaceRoot, '.cache', 'keycloak')
const home = join(cache, `keycloak-${version}`)
/** It loads some thousand classes, and fills its database, in milliseconds. */
const startMaxMs = 300_000

export function isKeycloakInstalled(): boolean {
  return existsSync(home)
}

/** Fetches the distribution with Maven, and builds it once; needs `mvn`, `unzip` and Java 17 or later. */
export function installKeycloak(): void {
  if (isKeycloakInstalled()) return
  mkdirSync(cache, { recursive: true })
  const run = (program: string, args: readonly string[]): void =>
    void execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], cwd: cache })
  run('mvn', ['-q', '-B', 'dependency:get', `-Dartifact=${distribution}`, '-Dtransitive=false'])
  const file = `org/keycloak/keycloak-quarkus-dist/${version}/keycloak-quarkus-dist-${version}.zip`
  run('unzip', ['-q', '-o', join(homedir(), '.m2/repository', file), '-d', 'new'])
  const unpacked = join(cache, 'new', `keycloak-${version}`)
  const options = ['--db=dev-mem', '--cache=local', '--https-client-auth=request']
  run('bash', [join(unpacked, 'bin/kc.sh'), 'build', ...options])
  renameSync(unpacked, home)
}

/** Starts a Keycloak of its own, which listens with TLS alone. */
export async function startKeycloak({ realm, tls }: KeycloakConfig): Promise<RunningServer> {
  const folder = await createServerFolder('keycloak')
  const [https = 0] = await freePorts(1)
  const own = join(folder.path, 'keycloak')
  execFileSync('cp', ['-r', home, own])
  await mkdir(join(own, 'data/import'), { recursive: true })
  await writeFile(join(own, 'data/import/realm.json'), JSON.stringify(realm))
  const files = { 'server.crt': tls.certFile, 'server.key': tls.keyFile, 'ca.crt': tls.caFile }
  for (const [name, file] of Object.entries(files)) await copyFile(file, join(own, 'conf', name))
  await folder.ownAll()
  const process = await startProcess(
    'bash',
    [
      join(own, 'bin/kc.sh'),
      'start',
      '--optimized',
      '--import-realm',
      '--hostname-strict=false',
      '--http-host=127.0.0.1',
      `--https-port=${https}`,
      `--https-certificate-file=${join(own, 'conf/server.crt')}`,
      `--https-certificate-key-file=${join(own, 'conf/server.key')}`,
      `--truststore-paths=${join(own, 'conf/ca.crt')}`,
    ],
    [https],
    { maxMs: startMaxMs },
  )
  return {
    ports: { https },
    async stop() {
      await process.end()
      await folder.remove()
    },
  }
}

if (import.meta.main) installKeycloak()
