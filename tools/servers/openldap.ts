// Why: what a directory really answers (result codes, TLS, idle closes) is the point of testing against one.
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createServerFolder, freePorts, startProcess } from './child.ts'
import { findProgram } from './server.ts'
import type { RealServer, RunningServer } from './server.ts'

/** What a test's directory holds, and how it behaves. */
export interface OpenLdapConfig {
  /** The name below which everything stands: `dc=example,dc=com`. Its entry is made. */
  readonly suffix: string
  /** Entries to add, as LDIF text. */
  readonly entries?: string
  /** LDIF files to add. */
  readonly files?: readonly string[]
  /** The certificate of the server, for ldaps and StartTLS. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly caFile: string }
  /** Seconds after which it closes an idle connection; default never. */
  readonly idleTimeoutSeconds?: number
  /** More lines for slapd.conf. */
  readonly more?: readonly string[]
}

/** A directory for one test; its administrator is `cn=admin` below the suffix. */
export interface RunningOpenLdap extends RunningServer {
  readonly ports: { readonly ldap: number; readonly ldaps: number }
  readonly adminName: string
  readonly adminPassword: string
  /** Ends the process as a crash would; the data stays. */
  kill(): Promise<void>
  /** Starts it again, on the same ports. */
  restart(): Promise<void>
  /** Changes entries, as LDIF text with `changetype`. */
  change(ldif: string): void
}

const adminPassword = 'avix123'

export const openLdap: RealServer<OpenLdapConfig, RunningOpenLdap> = {
  name: 'OpenLDAP',
  packages: ['slapd', 'ldap-utils'],
  program: 'slapd',
  async start(config) {
    const folder = await createServerFolder('slapd')
    const [ldap = 0, ldaps = 0] = await freePorts(2)
    const adminName = `cn=admin,${config.suffix}`
    await writeSettings(folder.path, config, adminName)
    await folder.own(
      'db',
      'slapd.conf',
      ...(config.tls === undefined ? [] : ['server.crt', 'server.key', 'ca.crt']),
    )
    const run = () => {
      const urls = [`ldap://127.0.0.1:${ldap}`, ...(config.tls ? [`ldaps://127.0.0.1:${ldaps}`] : [])]
      const args = ['-f', join(folder.path, 'slapd.conf'), '-h', urls.join(' '), '-d', '0']
      return startProcess('slapd', args, config.tls ? [ldap, ldaps] : [ldap])
    }
    let process = await run()
    const running: RunningOpenLdap = {
      ports: { ldap, ldaps },
      adminName,
      adminPassword,
      kill: () => process.kill(),
      restart: async () => void (process = await run()),
      change: (ldif) => modify(ldap, adminName, [], ldif),
      async stop() {
        await process.end()
        await folder.remove()
      },
    }
    try {
      running.change(suffixEntry(config.suffix))
      if (config.entries !== undefined) modify(ldap, adminName, ['-a'], config.entries)
      for (const file of config.files ?? []) modify(ldap, adminName, ['-a', '-f', file])
    } catch (error) {
      await running.stop()
      throw error
    }
    return running
  },
}

async function writeSettings(folder: string, config: OpenLdapConfig, adminName: string): Promise<void> {
  await mkdir(join(folder, 'db'))
  const { tls } = config
  if (tls !== undefined) {
    await copyFile(tls.certFile, join(folder, 'server.crt'))
    await copyFile(tls.keyFile, join(folder, 'server.key'))
    await copyFile(tls.caFile, join(folder, 'ca.crt'))
  }
  await writeFile(
    join(folder, 'slapd.conf'),
    [
      ...['core', 'cosine', 'nis', 'inetorgperson'].map(
        (schema) => `include /etc/ldap/schema/${schema}.schema`,
      ),
      `pidfile ${folder}/slapd.pid`,
      'modulepath /usr/lib/ldap',
      ...['back_mdb', 'memberof', 'ppolicy'].map((module) => `moduleload ${module}`),
      ...(tls === undefined
        ? []
        : [
            `TLSCACertificateFile ${folder}/ca.crt`,
            `TLSCertificateFile ${folder}/server.crt`,
            `TLSCertificateKeyFile ${folder}/server.key`,
            'TLSVerifyClient try',
          ]),
      ...(config.idleTimeoutSeconds === undefined ? [] : [`idletimeout ${config.idleTimeoutSeconds}`]),
      'database mdb',
      'maxsize 67108864',
      `suffix "${config.suffix}"`,
      `rootdn "${adminName}"`,
      `rootpw ${adminPassword}`,
      `directory ${folder}/db`,
      'overlay memberof',
      'index objectClass,uid,member,memberUid eq',
      ...(config.more ?? []),
      '',
    ].join('\n'),
  )
}

function suffixEntry(suffix: string): string {
  const [, name = ''] = /^dc=([^,]+)/.exec(suffix) ?? []
  const classes = 'objectClass: dcObject\nobjectClass: organization'
  return `dn: ${suffix}\nchangetype: add\n${classes}\no: ${name}\ndc: ${name}\n`
}

/** `input` is LDIF on the standard input; a file is named in `args`. */
function modify(port: number, adminName: string, args: readonly string[], input = ''): void {
  const program = findProgram('ldapmodify') ?? 'ldapmodify'
  const bind = ['-x', '-H', `ldap://127.0.0.1:${port}`, '-D', adminName, '-w', adminPassword]
  execFileSync(program, [...bind, ...args], { input, stdio: ['pipe', 'ignore', 'pipe'] })
}
