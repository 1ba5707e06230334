import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../sts/test/fixture.ts'
import type { ChildProcess } from 'node:child_process'
import type { IncomingMessage } from 'node:http'
import type { TestContext } from 'node:test'

const bin = join(import.meta.dirname, '../bin/barre.js')

/** A command in a process of its own: some change the working directory. */
async function barre(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [bin, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, stdout, stderr }
}

interface Started {
  readonly url: string
  readonly process: ChildProcess
}

async function start(t: TestContext, words: readonly string[], env = {}): Promise<Started> {
  const child = spawn(process.execPath, [bin, 'sts', 'start', ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  })
  t.after(() => child.kill('SIGKILL'))
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return { url: /listens at (\S+)/.exec(chunk.toString())?.[1] ?? '', process: child }
}

async function ask(url: string, directory: string, id: string, secret: string): Promise<[number, string]> {
  const sent = request(`${url}/oauth2/token`, {
    method: 'POST',
    agent: false,
    ca: readFileSync(join(directory, 'ca.crt')),
    auth: `${id}:${secret}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  sent.end('grant_type=client_credentials')
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of answer) body += String(chunk)
  return [answer.statusCode ?? 0, body]
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'barre-sts-cli-'))
  t.after(() => rmSync(path, { recursive: true }))
  return join(path, 'sts')
}

const secretIn = (text: string): string => /client_secret = "([\w-]{43})"/.exec(text)?.[1] ?? ''

test('init, start, and a token: all that a newcomer needs; and what an operator does beside it', async (t) => {
  const directory = folder(t)
  const made = await barre(['sts', 'init', '--dir', directory])
  assert.equal(made.code, 0, made.stderr)
  const secret = secretIn(made.stdout)
  assert.match(made.stdout, /curl --cacert .*\/ca\.crt -u 'first-client:/)
  for (const name of [
    'sts.toml',
    'config.secret',
    'server.key',
    'sts.db',
    `keys/${readdirSync(join(directory, 'keys'))[0]}`,
  ]) {
    assert.equal(statSync(join(directory, name)).mode & 0o077, 0, name)
    assert.equal(
      readFileSync(join(directory, name), 'latin1').includes(secret),
      false,
      `${name} has the secret`,
    )
  }
  const again = await barre(['sts', 'init', '--dir', directory])
  assert.deepEqual([again.code, /is not empty/.test(again.stderr)], [1, true])

  const sts = await start(t, ['--dir', directory, '--port', '0'])
  assert.equal((await ask(sts.url, directory, 'first-client', secret))[0], 200)

  const at = ['--dir', directory]
  const added = await barre([
    'sts',
    'client',
    'add',
    'batch',
    '--audience',
    'orders',
    '--scope',
    'read',
    ...at,
  ])
  const batch = secretIn(added.stdout)
  assert.equal((await ask(sts.url, directory, 'batch', batch))[0], 200, 'at once')
  const twice = await barre(['sts', 'client', 'add', 'batch', '--audience', 'orders', ...at])
  assert.match(twice.stderr, /another client has this clientId already/)

  const rotated = secretIn((await barre(['sts', 'client', 'rotate-secret', 'batch', ...at])).stdout)
  assert.equal((await ask(sts.url, directory, 'batch', batch))[0], 401, 'the old secret ends')
  assert.equal((await ask(sts.url, directory, 'batch', rotated))[0], 200)

  assert.equal((await barre(['sts', 'client', 'disable', 'batch', ...at])).code, 0)
  assert.equal((await ask(sts.url, directory, 'batch', rotated))[0], 401)
  const list = await barre(['sts', 'client', 'list', ...at])
  assert.match(list.stdout, /^batch\tclient_secret_basic\tclient_credentials\tread\tdisabled$/m)
  assert.equal((await barre(['sts', 'client', 'disable', 'batch', '--enable', ...at])).code, 0)
  assert.equal((await ask(sts.url, directory, 'batch', rotated))[0], 200)

  const copy = join(directory, 'copy.db')
  assert.equal((await barre(['sts', 'backup', copy, ...at])).code, 0)
  assert.ok(existsSync(copy))
  assert.match((await barre(['sts', 'prune', ...at])).stdout, /rows and 0 keys were deleted/)
  assert.equal((await barre(['sts', 'keys', 'rotate', ...at])).code, 0)
  assert.equal(readdirSync(join(directory, 'keys')).length, 2)
  assert.match((await barre(['sts', 'migrate', ...at])).stdout, /had version 1/)

  sts.process.kill('SIGTERM')
  assert.deepEqual(await once(sts.process, 'exit'), [0, null])
})

test('the lines that init prints start the service, and get a token', async (t) => {
  if (spawnSync('curl', ['--version']).status !== 0) return t.skip('there is no curl')
  const directory = folder(t)
  const port = String(await freePort())
  const { stdout } = await barre(['sts', 'init', '--dir', directory, '--port', port])
  const [, started = '', asked = ''] = /^ {2}barre sts start (.+)$[^]*?^ {2}(curl [^]+)/m.exec(stdout) ?? []
  await start(t, started.split(' '))
  const shell = spawn('sh', ['-c', asked.replace('curl', 'curl --silent --show-error --fail')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let answer = ''
  for await (const chunk of shell.stdout) answer += String(chunk)
  const { token_type: type, scope } = JSON.parse(answer) as Record<string, unknown>
  assert.deepEqual([type, scope], ['Bearer', 'read'])
})

test('the secret of the settings may lie elsewhere; without it there is no start', async (t) => {
  const directory = folder(t)
  await barre(['sts', 'init', '--dir', directory])
  const secret = readFileSync(join(directory, 'config.secret'), 'utf8').trim()
  renameSync(join(directory, 'config.secret'), `${directory}.elsewhere`)
  const without = await barre(['sts', 'start', '--dir', directory, '--port', '0'])
  assert.deepEqual([without.code, /need their secret/.test(without.stderr)], [1, true])
  const sts = await start(t, ['--dir', directory, '--port', '0'], { BARRE_CONFIG_SECRET: secret })
  assert.match(sts.url, /^https:/)
})

test('SIGHUP takes changed settings, and keeps the old ones where they cannot be used', async (t) => {
  const directory = folder(t)
  const secret = secretIn((await barre(['sts', 'init', '--dir', directory])).stdout)
  const sts = await start(t, ['--dir', directory, '--port', '0'])
  const file = join(directory, 'sts.toml')
  const before = readFileSync(file, 'utf8')
  const lifetimeOf = async (): Promise<unknown> => {
    const [, body] = await ask(sts.url, directory, 'first-client', secret)
    return (JSON.parse(body) as Record<string, unknown>)['expires_in']
  }
  const changed = async (text: string, expected: number): Promise<boolean> => {
    writeFileSync(file, text)
    sts.process.kill('SIGHUP')
    // Until the signal was heard; the loop ends with the test at the latest.
    for (let count = 0; count < 500; count++) if ((await lifetimeOf()) === expected) return true
    return false
  }
  assert.equal(await lifetimeOf(), 300)
  assert.equal(await changed(`${before}\n[tokens]\nlifetimeSeconds = 60\n`, 60), true)
  assert.equal(await changed(`${before}\n[tokens]\nlifetimeSeconds = "x"\n`, 60), true)
  assert.equal(await changed(`${before}\n[tokens]\nlifetimeSeconds = 120\n`, 120), true)
})

for (const [claim, words, code, problem] of [
  ['no folder', ['sts', 'start'], 2, /--config or --dir is required/],
  ['both', ['sts', 'start', '--dir', 'x', '--config', 'y'], 2, /--config or --dir is required/],
  ['a folder that is not there', ['sts', 'start', '--dir', '/nowhere'], 1, /is no folder/],
  ['a port that is none', ['sts', 'start', '--dir', 'x', '--port', 'x'], 2, /--port is a number/],
  ['no client', ['sts', 'client', 'disable', '--dir', 'x'], 2, /ID is required/],
  ['no file', ['sts', 'backup', '--dir', 'x'], 2, /FILE is required/],
] as const) {
  test(`refuses ${claim} in one line`, async () => {
    const outcome = await barre(words)
    assert.equal(outcome.code, code)
    assert.match(outcome.stderr, problem)
    assert.equal(outcome.stderr.trimEnd().split('\n').length, 1)
  })
}

test('a client that contradicts itself is not added', async (t) => {
  const directory = folder(t)
  await barre(['sts', 'init', '--dir', directory])
  for (const [words, problem] of [
    [['--grant', 'implicit'], /client\.grants\[0\]/],
    [['--scope', 'a b'], /client\.scopes\[0\]/],
    [['--redirect-uri', 'http://evil.test/'], /client\.redirectUris\[0\]/],
  ] as const) {
    const { code, stderr } = await barre([
      'sts',
      'client',
      'add',
      'x',
      '--dir',
      directory,
      '--audience',
      'a',
      ...words,
    ])
    assert.equal(code, 1)
    assert.match(stderr, problem)
  }
})
