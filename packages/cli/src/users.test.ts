import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { verifyPassword } from 'barre/crypto'
import { fileUserStore } from 'barre/listener'
import { main } from './main.ts'

const folder = mkdtempSync(join(tmpdir(), 'barre-users-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'users.toml')

async function run(argv: readonly string[], stdin = '') {
  let [stdout, stderr] = ['', '']
  const code = await main(['users', ...argv, '--file', file], {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { code, stdout, stderr }
}

async function output(argv: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await run(argv, stdin)
  assert.deepEqual([code, stderr], [0, ''])
  return stdout
}

async function passwordIs(password: string): Promise<boolean> {
  const [, stored = ''] = /password = "([^"]+)"/.exec(readFileSync(file, 'utf8')) ?? []
  const verdict = await verifyPassword(password, stored)
  return verdict.ok && verdict.value.matches
}

test('adds users to a new file that only its owner reads, and a store takes them', async () => {
  await output(['add', 'alice', '--scope', 'read', '--scope', 'write', '--stdin'], 'xxx\n')
  await output(['add', 'b o"b', '--stdin'], 'yyy\nyyy\n')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(await output(['list']), 'alice\targon2id\tread write\nb o"b\targon2id\t\n')
  assert.equal(await passwordIs('xxx'), true)
  await fileUserStore({ path: file }).close?.()
})

const original = `# The users.
port = 9090

[[ballerina.auth.users]] # the first
  username = "alice"
  password = "old"   # plain
  scopes = ["read"]

# Carol is of another time.
["b7a.users.carol"]
password="@sha256:{00}"
scopes="hello, read"

[[barre.auth.users]]
password = "$argon2id$x"
username = 'dave'

[server]
host = "x"
`

test('changes one password and nothing else, whatever the table', async () => {
  for (const [username, before] of [
    ['alice', '  password = "old"   # plain'],
    ['carol', 'password="@sha256:{00}"'],
    ['dave', 'password = "$argon2id$x"'],
  ] as const) {
    writeFileSync(file, original)
    chmodSync(file, 0o640)
    await output(['set-password', username, '--stdin'], 'new\n')
    const [, hash = ''] = /"(\$argon2id\$v[^"]+)"/.exec(readFileSync(file, 'utf8')) ?? []
    assert.equal(readFileSync(file, 'utf8').replace(`password = "${hash}"`, before), original)
    assert.equal(statSync(file).mode & 0o777, 0o640)
  }
})

test('removes one user and nothing else', async () => {
  for (const [username, table] of [
    ['alice', /\[\[ballerina[^]*?\["read"\]\n/],
    ['carol', /\["b7a[^]*?read"\n/],
    ['dave', /\[\[barre[^]*?dave'\n/],
  ] as const) {
    writeFileSync(file, original)
    await output(['remove', username])
    assert.equal(readFileSync(file, 'utf8'), original.replace(table, ''))
  }
})

test('adds to what is there', async () => {
  writeFileSync(file, original)
  await output(['add', 'eve', '--stdin'], 'xxx\n')
  assert.ok(readFileSync(file, 'utf8').startsWith(`${original}\n[[barre.auth.users]]\nusername = "eve"\n`))
  assert.equal(
    await output(['list']),
    'alice\tplain\tread\ncarol\tsha256\thello read\ndave\targon2id\t\neve\targon2id\t\n',
  )
})

const inline = 'barre.auth.users = [{ username = "alice", password = "xxx" }]\n'
const trick =
  '[[barre.auth.users]]\nusername = "alice"\nnote = """\n[x]\npassword = "a"\n"""\npassword = "b"\n'
const refused: readonly (readonly [string, string, readonly string[], RegExp])[] = [
  ['a user who is there', original, ['add', 'alice', '--stdin'], /has a user alice already/],
  ['a user who is not there', original, ['set-password', 'eve', '--stdin'], /has no user eve/],
  ['nobody', original, ['remove', 'eve'], /has no user eve/],
  ['a file that is no TOML', 'users = [', ['list'], /is not TOML: see line 1/],
  ['an inline list', inline, ['remove', 'alice'], /has no user alice/],
  ['more for an inline list', inline, ['add', 'eve', '--stdin'], /users\.toml is not TOML/],
  ['a header in a text', trick, ['remove', 'alice'], /is not TOML|cannot change|no user/],
]
for (const [name, text, argv, problem] of refused) {
  test(`leaves the file alone: ${name}`, async () => {
    writeFileSync(file, text)
    const { code, stdout, stderr } = await run(argv, argv.includes('--stdin') ? 'xxx\n' : '')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, problem)
    assert.equal(readFileSync(file, 'utf8'), text)
  })
}

for (const [argv, problem] of [
  [['add', '--stdin'], /NAME is required/],
  [['add', 'a:b', '--stdin'], /NAME has no ':'/],
  [['remove', 'a', 'b'], /unexpected b/],
] as const) {
  test(`does not understand ${argv.join(' ')}`, async () => {
    const { code, stderr } = await run(argv)
    assert.equal(code, 2)
    assert.match(stderr, problem)
  })
}

test('needs a file that is there, but for a first user', async () => {
  rmSync(file)
  for (const argv of [['list'], ['remove', 'alice'], ['set-password', 'alice', '--stdin']]) {
    assert.equal((await run(argv, 'x\n')).code, 1)
  }
})
