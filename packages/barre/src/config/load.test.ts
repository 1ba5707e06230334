import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { flag, list, number, optional, record, secret, Secret, text } from '../core/index.ts'
import { depthMax, nodesMax, parseDocument } from './document.ts'
import { createEncrypter, fileBytesMax, load } from './index.ts'
import type { LoadOptions } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'barre-config-'))
after(() => rmSync(directory, { recursive: true }))

function write(source: string): string {
  const file = join(directory, 'app.toml')
  writeFileSync(file, source)
  return file
}

const given = (source: string, options: Omit<LoadOptions, 'file'> = {}) =>
  load({ file: write(source), ...options })

const example = `
[hello.http]
host = "localhost"
port = 9090
[hello]
cache.enabled = false
eviction.fac = 0.25
`

test('reads typed values of the file, nested and quoted as they may be', async () => {
  const config = await given(
    `${example}["b7a.users.alice"]\npassword = "xxx"\n["a/b".r]\n"456/pqr" = "lmn"\n`,
  )
  assert.equal(config.read('hello.http.port', number()), 9090)
  assert.equal(config.read('hello.eviction.fac', number()), 0.25)
  assert.equal(config.read('hello.cache.enabled', flag()), false)
  assert.equal(config.read('b7a.users.alice.password', text()), 'xxx')
  assert.equal(config.read('a/b.r.456/pqr', text()), 'lmn')
})

test('file < environment < -e, and each value knows its source', async () => {
  const env = { hello_http_port: '8081', hello_http_host: 'env.test' }
  const config = await given(example, {
    env,
    argv: ['serve', '-e', 'hello.http.port=8082', '--verbose', '-x'],
  })
  assert.equal(config.read('hello.http.port', number()), 8082)
  assert.equal(config.source('hello.http.port'), '-e hello.http.port')
  assert.equal(config.read('hello.http.host', text()), 'env.test')
  assert.equal(config.source('hello.http.host'), 'environment variable hello_http_host')
  assert.equal(config.read('hello.eviction.fac', number()), 0.25)
  assert.equal(config.source('hello.eviction.fac'), join(directory, 'app.toml'))
  assert.equal(config.source('hello'), undefined)
  assert.equal(config.source('nothing'), undefined)
})

const kept: readonly (readonly [key: string, value: string, expected: unknown])[] = [
  ['hello.http.port', '1', 1],
  ['hello.http.port', '-1', -1],
  ['hello.eviction.fac', '5', 5],
  ['hello.eviction.fac', '1e-3', 0.001],
  ['hello.cache.enabled', 'TRUE', true],
  ['hello.http.host', '9090', '9090'],
]
for (const [key, value, expected] of kept) {
  test(`${value} for ${key} takes the type that the file says`, async () => {
    const env = { [key.replaceAll('.', '_')]: value }
    const anything = { check: (found: unknown) => found, json: {} }
    assert.equal((await given(example, { env })).read(key, anything), expected)
    assert.equal((await given(example, { argv: [`-e${key}=${value}`] })).read(key, anything), expected)
  })
}

const mistyped: readonly (readonly [key: string, value: string, expected: string])[] = [
  ['hello.http.port', '1.5', 'whole number'],
  ['hello.http.port', 'hunter2', 'whole number'],
  ['hello.http.port', '', 'whole number'],
  ['hello.http.port', '9007199254740993', 'whole number'],
  ['hello.eviction.fac', '0x10', 'number'],
  ['hello.eviction.fac', '1e999', 'number'],
  ['hello.cache.enabled', 'yes', 'flag'],
]
for (const [key, value, expected] of mistyped) {
  test(`${JSON.stringify(value)} for ${key} is refused with its source, and not quoted`, async () => {
    const name = key.replaceAll('.', '_')
    await assert.rejects(given(example, { env: { [name]: value } }), {
      name: 'ConfigError',
      message: `${key}: expected a ${expected}, as in the file, from environment variable ${name}`,
    })
  })
}

test('keys that the file lacks come from -e and the environment, as the shape wants them', async () => {
  const shape = record<{ port: number; tls: boolean; host: string; size?: number; inner?: { on: boolean } }>({
    port: number(),
    tls: flag(),
    host: text(),
    size: optional(number()),
    inner: optional(record<{ on: boolean }>({ on: flag() })),
  })
  const env = { server_tls: 'true', server_inner_on: 'false', server: 'x' }
  const argv = ['-e', 'server.port=8443', '-eserver.host=443']
  const config = await load({ env, argv })
  assert.deepEqual(config.read('server', shape), { port: 8443, tls: true, host: '443', inner: { on: false } })
  assert.equal(config.has('server.tls'), true)
  assert.equal(config.has('server.size'), false)
  assert.equal(config.source('server.tls'), 'environment variable server_tls')
  assert.equal(config.read('other', optional(shape)), undefined)
  assert.throws(() => config.read('other.port', number()), {
    name: 'ConfigError',
    message: 'other.port: required, but no source has it',
  })
})

test('a key whose variable would have a name that none can have is not looked for', async () => {
  const config = await given('[a]\n"b-c" = 1\n', { env: { 'a_b-c': '2' } })
  assert.equal(config.read('a.b-c', number()), 1)
})

test('an error of a shape says where the value came from', async () => {
  const config = await given(example, { argv: ['-ehello.http.port=70000'] })
  const shape = record<{ host: string; port: number }>({ host: text(), port: number({ max: 65_535 }) })
  assert.throws(() => config.read('hello.http', shape), {
    name: 'ConfigError',
    path: 'hello.http.port',
    message: 'hello.http.port: expected a number from 0 to 65535, found 70000 (from -e hello.http.port)',
  })
})

const users = `
[[users]]
username = "alice"
password = "xxx"
[[users]]
username = "bob"
password = "yyy"
[[routes]]
path = "/a"
[[routes]]
path = "/a"
`

test('entries of a list have their identity as address, or their number', async () => {
  const argv = ['-e', 'users[username=bob].password=a=b', '-eroutes[1].path=/b']
  const config = await given(users, { argv })
  assert.equal(config.read('users[1].password', text()), 'a=b')
  assert.equal(config.read('users[password=xxx].username', text()), 'alice')
  assert.equal(config.read('routes[1].path', text()), '/b')
  assert.equal(config.source('users[username="bob"].password'), '-e users[username=bob].password')
  for (const absent of [
    'users[2].username',
    'users[username=eve].password',
    'routes[path="/a"].x',
    'hello[0]',
  ]) {
    assert.equal(config.has(absent), false)
  }
})

const unplaced: readonly (readonly [string, RegExp])[] = [
  ['users[username=eve].password=x', /cannot add to a list/],
  ['users[2]=x', /cannot add to a list/],
  ['users=x', /one value, but this is a list/],
  ['routes[0]=x', /one value, but this is a table/],
  ['routes[0].path.x=y', /below a value/],
  ['a..b=c', /expected a key/],
]
for (const [word, problem] of unplaced) {
  test(`-e ${word} is refused`, () => assert.rejects(given(users, { argv: ['-e', word] }), problem))
}

test('a word without a value is refused, and not quoted', async () => {
  await assert.rejects(load({ argv: ['-e', 'hunter2'] }), { message: 'expected key=value after -e' })
  await assert.rejects(load({ argv: ['-e'] }), { message: 'expected -e key=value' })
  await assert.rejects(load({ argv: ['--config'] }), { message: 'expected --config FILE' })
})

test('--config replaces the file, and words after -- are not looked at', async () => {
  const file = write('a = 1\n')
  const config = await load({ file: 'absent.toml', argv: ['--config', file, '--', '-e', 'a=2'] })
  assert.equal(config.read('a', number()), 1)
  assert.equal((await load({ argv: [`--config=${file}`] })).read('a', number()), 1)
})

const broken: readonly (readonly [string, string, RegExp])[] = [
  ['no TOML', 'a = 1\npassword = hunter2\n', /app\.toml is not TOML: see line 2$/],
  ['a key in two spellings', '["a.b"]\nc = 1\n[a]\nb.c = 2\n', /: a\.b\.c: written twice/],
  ['an inexact number', 'a = 9007199254740993\n', /: a: the number is too large/],
  ['a key that sets a prototype', '__proto__ = 1\n', /is not TOML/],
  ['a table too deep', `${'a.'.repeat(depthMax)}a = 1\n`, /deep/],
  ['a list too deep', `a = ${'['.repeat(depthMax + 1)}${']'.repeat(depthMax + 1)}\n`, /TOML|deep/],
  ['too many values', `a = [${'1,'.repeat(nodesMax - 1)}]\n`, /at most 100000 values/],
]
for (const [name, source, problem] of broken) {
  test(`refuses ${name}`, () => assert.rejects(given(source), problem))
}

test('takes a configuration at its limits', () => {
  parseDocument(`${'a.'.repeat(depthMax - 1)}a = 1\n`, 'deep')
  parseDocument(`a = [${'1,'.repeat(nodesMax - 2)}]\n`, 'wide')
})

const padded = (size: number): string => `a = 1 #${'x'.repeat(size - 7)}`

test('refuses a file past its size, and one that is absent', async () => {
  assert.equal((await given(padded(fileBytesMax))).read('a', number()), 1)
  await assert.rejects(given(padded(fileBytesMax + 1)), /more than 4194304 bytes/)
  await assert.rejects(load({ file: 'absent.toml' }), { message: 'cannot read absent.toml' })
})

const cheap = { memoryKib: 8, passes: 1, lanes: 1 }
const encrypter = createEncrypter(new Secret('ballerina'), { random: randomBytes, cost: cheap })
const bind = (key: string, value: string) => encrypter.encrypt(value, { key })
const prompt = async (): Promise<string> => 'ballerina'

test('encrypted values are Secrets where the shape says so, and typed where it does not', async () => {
  const source = `
password = "${await bind('password', 'p')}"
port = "${await bind('port', '8443')}"
on = "${await bind('on', 'true')}"
name = "${await bind('name', 'n')}"
[[users]]
username = "alice"
password = "${await bind('users[username=alice].password', 'u')}"
`
  const config = await given(source, { prompt })
  const shape = record<{
    password: string | Secret
    port: number
    on: boolean
    name: string
    users: readonly { username: string; password: string | Secret }[]
  }>({
    password: secret(),
    port: number(),
    on: flag(),
    name: text(),
    users: list(
      record<{ username: string; password: string | Secret }>({ username: text(), password: secret() }),
    ),
  })
  const read = config.read('', shape)
  assert.ok(read.password instanceof Secret)
  assert.equal(read.password.reveal(), 'p')
  assert.deepEqual([read.port, read.on, read.name], [8443, true, 'n'])
  assert.equal(JSON.stringify(read.users), '[{"username":"alice","password":"[secret]"}]')
  const anything = { check: (found: unknown) => found, json: {} }
  assert.equal(JSON.stringify(config.read('name', anything)), '"[secret]"')
})

test('a plain value becomes a Secret where the shape says so', async () => {
  const config = await given('password = "p"\n')
  assert.equal(JSON.stringify(config.read('password', secret())), '"[secret]"')
})

test('an encrypted value may come from -e and from the environment, and keeps the type of the file', async () => {
  const value = await encrypter.encrypt('8443', { key: 'hello.http.port' })
  for (const options of [{ env: { hello_http_port: value } }, { argv: [`-ehello.http.port=${value}`] }]) {
    assert.equal((await given(example, { ...options, prompt })).read('hello.http.port', number()), 8443)
  }
  const config = await load({ env: { password: value } })
  assert.throws(() => config.read('password', secret()), /give this encrypted value in the file or with -e/)
})

test('a value that was moved to another key does not open there', async () => {
  const value = await encrypter.encrypt('x', { key: 'users[username=alice].password' })
  const source = `[[users]]\nusername = "bob"\npassword = "${value}"\n`
  await assert.rejects(given(source, { prompt }), {
    path: 'users[username=bob].password',
    message: /encrypted for another key$/,
  })
})

test('a damaged value is refused before it could be taken for a password', async () => {
  await assert.rejects(given('password = "@encrypted:{abc"\n', { prompt }), { path: 'password' })
})
