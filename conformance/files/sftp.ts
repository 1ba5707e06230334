import { execFileSync } from 'node:child_process'
import { createHash, createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createClient, createListener } from 'barre/sftp'
import { openSsh, proFtpd } from '../../tools/servers/index.ts'
import type { RunningFileServer } from '../../tools/servers/index.ts'
import { user } from '../brokers/world.ts'
import type { Attempt, FileKit, Flow, Mechanism } from './kit.ts'

type Config = Parameters<typeof createClient>[0]
type Trust = Pick<Config, 'hostKey' | 'sftpSshKnownHosts'>
type Auth = Config['auth']

/** SFTP: by password on ProFTPD, by public key on OpenSSH. */
export const sftp: FileKit = {
  folder: 'sftp',
  needs: [proFtpd, openSsh],
  async start(world) {
    const folder = dirname(world.serverTls.caFile)
    const keys = await writeKeys(folder)
    const [byPassword, byKey] = await Promise.all([
      proFtpd.start({ tls: world.serverTls, user }),
      openSsh.start({ authorizedKeys: keys.filter(({ isKnown }) => isKnown).map(({ line }) => line) }),
    ])
    const stranger = keys.find(({ isKnown }) => !isKnown)!
    const mechanism = async (
      server: RunningFileServer,
      on: string,
      name: string,
      good: Auth,
      bad: Auth,
    ): Promise<Mechanism> => {
      const attempts = await createAttempts(server, join(folder, `${on} ${name}`), good, bad, stranger.line)
      return { server: on, name, root: server.files, attempts }
    }
    const toAuth = ({ file, password }: Key): Auth => ({
      username: byKey.user,
      privateKey: { path: file, ...(password !== undefined && { password }) },
    })
    const mechanisms = await Promise.all([
      mechanism(byPassword, 'ProFTPD', 'password', loginWith(user.password), loginWith('guess')),
      ...keys
        .filter(({ isKnown }) => isKnown)
        .map((key) => mechanism(byKey, 'OpenSSH', key.name, toAuth(key), toAuth(stranger))),
    ])
    return {
      mechanisms,
      flows: {
        'SFTP on ProFTPD': () => flowOn(byPassword, loginWith(user.password)),
        'SFTP on OpenSSH': () => flowOn(byKey, toAuth(keys[0]!)),
      },
      stop: async () => void (await Promise.all([byPassword.stop(), byKey.stop()])),
    }
  },
}

/** What is open for longer, on a server that ends and comes back. */
function flowOn(server: RunningFileServer, auth: Auth): Flow {
  const config = { ...toConfig(server, auth, { hostKey: server.hostKey }), timeout: 5 }
  return {
    folder: `${server.files}/flow`,
    client: createClient(config),
    listen: (listening, handler) => createListener({ ...config, ...listening }, handler),
    async restart() {
      await server.kill()
      await server.restart()
    },
  }
}

function loginWith(text: string): Auth {
  return { username: user.name, password: text }
}

function toConfig({ ports }: RunningFileServer, auth: Auth, trust: Trust): Config {
  return { url: `sftp://localhost:${ports['sftp']}`, auth, ...trust }
}

async function createAttempts(
  server: RunningFileServer,
  file: string,
  good: Auth,
  bad: Auth,
  otherKey: string,
): Promise<readonly Attempt[]> {
  const name = `[localhost]:${server.ports['sftp']}`
  const { hostKey } = server
  const salt = randomBytes(20)
  const hashed = `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
  const knownHosts = async (kind: string, text: string): Promise<Trust> => {
    const path = `${file.replaceAll(/[ ,]/g, '-')}-${kind}`
    await writeFile(path, text)
    return { sftpSshKnownHosts: path }
  }
  const changed = { hostKey: otherKey }
  const inFile = await knownHosts('plain', `${name} ${hostKey}\n`)
  const inHashedFile = await knownHosts('hashed', `# hosts\n${hashed} ${hostKey}\n`)
  const revoked = await knownHosts('revoked', `${name} ${hostKey}\n@revoked * ${hostKey}\n`)
  const connect = (auth: Auth, trust: Trust) => () => createClient(toConfig(server, auth, trust))
  return [
    { name: 'good credential', connect: connect(good, { hostKey }) },
    { name: 'good credential, known_hosts', connect: connect(good, inFile) },
    { name: 'good credential, hashed known_hosts', connect: connect(good, inHashedFile) },
    { name: 'bad credential', connect: connect(bad, { hostKey }), refusal: 'unauthenticated' },
    { name: 'changed host key', connect: connect(good, changed), refusal: 'untrusted' },
    { name: 'unknown host key', connect: connect(good, fingerprintOf(otherKey)), refusal: 'untrusted' },
    { name: 'revoked host key', connect: connect(good, revoked), refusal: 'untrusted' },
  ]
}

function fingerprintOf(line: string): Trust {
  const bytes = Buffer.from(line.split(' ')[1] ?? '', 'base64')
  return { hostKey: `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=$/, '')}` }
}

interface Key {
  readonly name: string
  readonly file: string
  readonly password?: string
  /** As a line of a `.pub` file. */
  readonly line: string
  readonly isKnown: boolean
}

/** Keys in the forms that programs have them in, and one that the server does not know. */
async function writeKeys(folder: string): Promise<readonly Key[]> {
  const made = [
    ['Ed25519 key, OpenSSH, encrypted', 'ed25519', 'RFC4716', 'long enough'],
    ['RSA key, PKCS#8, encrypted', 'rsa', 'PKCS8', 'long enough'],
    ['EC key, SEC1', 'ecdsa', 'PEM', undefined],
    ['a key that nobody knows', 'ed25519', 'RFC4716', undefined],
  ] as const
  const keys = made.map(([name, type, form, password]): Key => {
    const file = join(folder, `ssh-key-${name.replaceAll(/\W+/g, '-')}`)
    execFileSync('/usr/bin/ssh-keygen', [
      '-q',
      '-a',
      '4',
      '-t',
      type,
      '-m',
      form,
      '-N',
      password ?? '',
      '-f',
      file,
    ])
    const isKnown = !name.includes('nobody')
    return {
      name,
      file,
      line: readFileSync(`${file}.pub`, 'utf8').trim(),
      isKnown,
      ...(password && { password }),
    }
  })
  const file = join(folder, 'ssh-key-of-node')
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return [{ name: 'Ed25519 key, PKCS#8', file, line: toLine(publicKey), isKnown: true }, ...keys]
}

/** RFC 8709 §4. */
function toLine(publicKey: KeyObject): string {
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const head = Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1')
  return `ssh-ed25519 ${Buffer.concat([head, Buffer.from(x, 'base64url')]).toString('base64')}`
}
