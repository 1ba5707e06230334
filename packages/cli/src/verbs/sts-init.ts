import { randomBytes } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { makeStsKey, stsShape } from '@barre/sts'
import { createEncrypter } from 'barre/config'
import { Secret } from 'barre/core'
import { createCa, issueCertificate, writeKeyFiles } from '../keys/index.ts'
import { loadConfig } from '../load-config.ts'
import { createFile } from '../replace-file.ts'
import { managingServices, withSts } from '../sts-manage.ts'
import { Failure, UsageError, requiredOption, textOption } from '../verb.ts'
import { orFail } from '../terms.ts'
import type { Verb } from '../verb.ts'

const help = `Makes a folder with all that a Secure Token Service needs: settings, an encrypted signing key, a store, a
certificate of an authority of its own (for development: another one goes into the settings), and a first client, whose
secret is printed once. barre sts start --dir DIR then starts it.

  --dir DIR       the folder, which must be new or empty
  --port N        where the service will listen; default 9445
  --client ID     the first client; default first-client
  --audience NAME the service that its tokens are for; default my-service
  --scope SCOPE   the scope that they have; default read`

const portDefault = '9445'
const secretBytes = 32

export const verb: Verb = {
  usage: ['--dir DIR [--port N] [--client ID] [--audience NAME] [--scope SCOPE]'],
  help,
  options: {
    dir: { type: 'string' },
    port: { type: 'string' },
    client: { type: 'string' },
    audience: { type: 'string' },
    scope: { type: 'string' },
  },
  async run(input, io) {
    const directory = resolve(requiredOption(input, 'dir'))
    const port = textOption(input, 'port') ?? portDefault
    if (!/^\d{1,5}$/.test(port)) throw new UsageError('--port is a number up to 65535')
    await orFail(makeEmpty(directory))
    await orFail(writeCertificate(directory))
    await orFail(writeSettings(directory, port))
    const folder = { values: { dir: directory }, positionals: [] }
    const config = await loadConfig(folder, io, stsShape)
    await orFail(makeStsKey(config, managingServices(io)))
    const client = {
      clientId: textOption(input, 'client') ?? 'first-client',
      grants: ['client_credentials'] as const,
      scopes: [textOption(input, 'scope') ?? 'read'],
      audiences: [textOption(input, 'audience') ?? 'my-service'],
    }
    const secret = await withSts(folder, io, (sts) => sts.addClient(client))
    io.stdout.write(instructions(directory, port, client.clientId, secret ?? ''))
    return 0
  },
}

async function makeEmpty(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if ((await readdir(directory)).length > 0) throw new Failure(`${directory} is not empty`)
}

async function writeCertificate(directory: string): Promise<void> {
  const ca = await createCa({ commonName: 'barre sts (development)' })
  const names = { commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
  await writeKeyFiles(directory, 'server', await issueCertificate({ ca, ...names }))
  await createFile(join(directory, 'ca.crt'), ca.cert, { mode: 0o644, replace: false })
}

/** The key's password is encrypted in the settings, and what opens it lies beside them until it is moved elsewhere. */
async function writeSettings(directory: string, port: string): Promise<void> {
  const secret = randomBytes(secretBytes).toString('base64url')
  const encrypter = createEncrypter(new Secret(secret), { random: randomBytes })
  const password = randomBytes(secretBytes).toString('base64url')
  const keysPassword = await encrypter.encrypt(password, { key: 'keysPassword' })
  await createFile(join(directory, 'config.secret'), `${secret}\n`, { mode: 0o600, replace: false })
  await createFile(join(directory, 'sts.toml'), settings(port, keysPassword), { mode: 0o600, replace: false })
}

function settings(port: string, keysPassword: string): string {
  return `# Every setting: the README of @barre/sts. Paths are relative to this folder.
issuer = "https://localhost:${port}"
port = ${port}

# Signing keys; the password is opened by config.secret, which may lie elsewhere (BARRE_CONFIG_SECRET).
keysDirectory = "keys"
keysPassword = "${keysPassword}"
keyLifetimeDays = 90

[store.sqlite]
file = "sts.db"

# For development: ca.crt is what clients have to trust.
[secureSocket.key]
certFile = "server.crt"
keyFile = "server.key"
`
}

function instructions(directory: string, port: string, clientId: string, secret: string): string {
  return `client_id = "${clientId}"
client_secret = "${secret}"

The secret is kept nowhere. Start the service:

  barre sts start --dir ${directory}

and get a token:

  curl --cacert ${join(directory, 'ca.crt')} -u '${clientId}:${secret}' -d grant_type=client_credentials \\
    https://localhost:${port}/oauth2/token
`
}
