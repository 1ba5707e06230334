import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { ClientSecureSocket } from 'barre/core'
import { isInstalled, keytool, ocspResponder as openSsl } from '../../tools/servers/index.ts'
import type { Installable } from '../../tools/servers/index.ts'
import type { BrokerWorld } from './world.ts'

/** The same certificates and keys, in one format. */
export interface Stores {
  readonly format: string
  /** The authority of the brokers. */
  readonly trust: Trust
  /** Another authority, which did not sign their certificates. */
  readonly strangers: Trust
  /** Alice's. */
  readonly key: Key
}

type Trust = Required<ClientSecureSocket>['cert']
type Key = Required<ClientSecureSocket>['key']

/** What writes stores. */
export const storeWriters: readonly Installable[] = [openSsl, keytool]

/** PEM files, and where their writers are here, the stores that people have of them. */
export async function writeStores({ secureSocket, strangerFile }: BrokerWorld): Promise<readonly Stores[]> {
  const { cert: trust, key } = secureSocket
  const pem = { format: 'PEM', trust, strangers: strangerFile, key }
  if (!storeWriters.every((writer) => isInstalled(writer))) return [pem]
  const folder = dirname(strangerFile)
  const path = (name: string): string => join(folder, name)
  const exported = [
    '-export',
    '-inkey',
    key.keyFile,
    '-in',
    key.certFile,
    '-name',
    'alice',
    '-out',
    path('key.p12'),
  ]
  await run('openssl', ['pkcs12', ...exported, '-passout', `pass:${password}`])
  const importTrust = (file: string, name: string, type: string): Promise<Trust> =>
    writeWithKeytool(path(name), type, ['-importcert', '-noprompt', '-alias', 'ca', '-file', file])
  const from = ['-srckeystore', path('key.p12'), '-srcstoretype', 'PKCS12', '-srcstorepass', password]
  return [
    pem,
    {
      format: 'PKCS#12',
      trust: await importTrust(trust, 'trust.p12', 'PKCS12'),
      strangers: await importTrust(strangerFile, 'strangers.p12', 'PKCS12'),
      key: { path: path('key.p12'), password },
    },
    {
      format: 'JKS',
      trust: await importTrust(trust, 'trust.jks', 'JKS'),
      strangers: await importTrust(strangerFile, 'strangers.jks', 'JKS'),
      key: await writeWithKeytool(path('key.jks'), 'JKS', ['-importkeystore', ...from], 'dest'),
    },
  ]
}

const run = promisify(execFile)
const password = 'of-the-stores'

async function writeWithKeytool(
  path: string,
  type: string,
  verb: readonly string[],
  prefix: 'dest' | '' = '',
): Promise<{ readonly path: string; readonly password: string }> {
  const into = [`-${prefix}keystore`, path, `-${prefix}storetype`, type, `-${prefix}storepass`, password]
  await run('keytool', [...verb, ...into])
  return { path, password }
}
