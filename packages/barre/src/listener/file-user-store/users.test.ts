import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { allowPlainPasswords, ConfigError, Secret } from '../../core/index.ts'
import { argon2idForm } from '../../crypto/index.ts'
import { fileUserStoreShape } from './config.ts'
import { passwordFormats } from './password-formats.ts'
import { loadUsers, usersMax } from './users.ts'

const folder = mkdtempSync(join(tmpdir(), 'barre-users-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'Config.toml')

const hash = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
const cost = 'argon2id 8 1 1 32'

function load(config: unknown) {
  return loadUsers(
    fileUserStoreShape.check(config, 'auth[0].fileUserStoreConfig'),
    'auth[0].fileUserStoreConfig',
  )
}

function loadToml(toml: string) {
  writeFileSync(file, toml)
  return load({ path: file, [allowPlainPasswords]: true })
}

const files: readonly (readonly [
  string,
  string,
  readonly (readonly [string, string, readonly string[]])[],
])[] = [
  [
    "Ballerina's table",
    `[[ballerina.auth.users]]
     username = "alice"
     password = "alice@123"
     scopes = ["read", "write"]
     [[ballerina.auth.users]]
     username = "bob"
     password = "bob@123"`,
    [
      ['alice', 'alice@123', ['read', 'write']],
      ['bob', 'bob@123', []],
    ],
  ],
  ["Barre's table", `[[barre.auth.users]]\nusername = "alice"\npassword = "x"`, [['alice', 'x', []]]],
  [
    "Ballerina 0.991's tables, with a text of scopes",
    `["b7a.users.generalUser"]
     password = "x"
     ["b7a.users.admin"]
     password = "y"
     scopes = "hello, read ,,"`,
    [
      ['generalUser', 'x', []],
      ['admin', 'y', ['hello', 'read']],
    ],
  ],
  [
    'all three, beside settings of others',
    `port = 9090
     ["b7a.users.a"]
     password = "x"
     ["b7a.other"]
     x = 1
     [[ballerina.auth.users]]
     username = "b"
     password = "x"
     [[barre.auth.users]]
     username = "c"
     password = "x"`,
    [
      ['b', 'x', []],
      ['c', 'x', []],
      ['a', 'x', []],
    ],
  ],
  [
    'a name that objects have',
    `[[barre.auth.users]]\nusername = "__proto__"\npassword = "x"`,
    [['__proto__', 'x', []]],
  ],
]
for (const [name, toml, expected] of files) {
  test(`reads ${name}`, () => {
    const users = [...loadToml(toml).values()]
    assert.deepEqual(
      users.map(({ username, stored, scopes }) => [username, stored.reveal(), scopes]),
      expected,
    )
  })
}

test('reads hashes from a file or from the configuration, without any permission', () => {
  writeFileSync(file, `[[barre.auth.users]]\nusername = "alice"\npassword = "${hash}"`)
  assert.equal(load({ path: file }).get('alice')?.hash?.cost, cost)
  assert.equal(load({ users: [{ username: 'alice', password: hash }] }).get('alice')?.hash?.cost, cost)
  assert.ok(load({ users: [{ username: 'alice', password: new Secret(hash) }] }).get('alice')?.hash)
})

const everyForm = passwordFormats.map(({ form }) => form).join('; or ')
const barreUser = (fields: string): string => `[[barre.auth.users]]\n${fields}`
const formats = 'expected users: [[barre.auth.users]], [[ballerina.auth.users]] or ["b7a.users.NAME"]'
const badFiles: readonly (readonly [string, string, string])[] = [
  ['no users', 'port = 9090', formats],
  ['nothing', '', formats],
  ['bad TOML', 'users = [', 'not valid TOML at line 1, column 9'],
  ['a table in place of a list', '[barre.auth.users]\na = 1', 'barre.auth.users: expected a list of tables'],
  ['no user name', barreUser('password = "x"'), 'barre.auth.users[0].username: required, but absent'],
  ['no password', barreUser('username = "a"'), 'barre.auth.users[0].password: required, but absent'],
  [
    'an empty password',
    barreUser('username = "a"\npassword = ""'),
    'barre.auth.users[0].password: expected non-empty text or a Secret',
  ],
  [
    'an empty user name',
    barreUser('username = ""\npassword = "x"'),
    "barre.auth.users[0].username: expected non-empty text without ':' and control characters",
  ],
  [
    'a colon in a user name',
    barreUser('username = "a:b"\npassword = "x"'),
    "barre.auth.users[0].username: expected non-empty text without ':' and control characters",
  ],
  [
    'a misspelt field',
    barreUser('username = "a"\npassword = "x"\nscope = "y"'),
    'barre.auth.users[0].scope: unknown field; known here: username, password, scopes',
  ],
  [
    'an empty scope',
    barreUser('username = "a"\npassword = "x"\nscopes = [""]'),
    "barre.auth.users[0].scopes[0]: expected non-empty text, found ''",
  ],
  [
    'a second user of the same name',
    `${barreUser('username = "a"\npassword = "x"')}\n${barreUser('username = "a"\npassword = "y"')}`,
    'barre.auth.users[1].username: a second user a',
  ],
  [
    'the same user in two formats',
    `["b7a.users.a"]\npassword = "x"\n${barreUser('username = "a"\npassword = "x"')}`,
    '["b7a.users.a"].username: a second user a',
  ],
  [
    'a user that is no table',
    '"b7a.users.a" = "hunter2"',
    '["b7a.users.a"]: expected a record, found a string',
  ],
  [
    'a hash of another kind',
    barreUser('username = "a"\npassword = "$7$hunter2"'),
    `barre.auth.users[0].password: unusable hash: expected ${everyForm}`,
  ],
  [
    'a broken hash',
    barreUser('username = "a"\npassword = "$argon2id$hunter2"'),
    `barre.auth.users[0].password: unusable hash: expected ${argon2idForm}`,
  ],
  [
    'an unsalted hash of the wrong length',
    '["b7a.users.a"]\npassword = "@sha256:{00}"',
    `["b7a.users.a"].password: unusable hash: expected ${passwordFormats.at(-1)?.form}`,
  ],
  [
    'an encrypted password of Ballerina 0.991',
    '["b7a.users.a"]\npassword = "@encrypted:{hunter2}"',
    '["b7a.users.a"].password: an encrypted password needs the secret that opens it',
  ],
]
for (const [name, toml, problem] of badFiles) {
  test(`refuses a file with ${name}, names file and field, and prints no password`, () => {
    assert.throws(
      () => loadToml(toml),
      (error) =>
        error instanceof ConfigError &&
        error.message === `auth[0].fileUserStoreConfig: ${file}: ${problem}` &&
        !error.message.includes('hunter2') &&
        error.cause === undefined,
    )
  })
}

const badConfigs: readonly (readonly [string, unknown, string])[] = [
  [
    'a file that is not there',
    { path: join(folder, 'absent.toml') },
    `.path: the user file ${join(folder, 'absent.toml')} cannot be read (ENOENT)`,
  ],
  ['a folder for a file', { path: folder }, `.path: the user file ${folder} cannot be read (EISDIR)`],
  [
    'a file and users',
    { path: file, users: [{ username: 'a', password: hash }] },
    ': expected path or users, found both',
  ],
  ['an empty list of users', { users: [] }, '.users: expected at least 1 member'],
  [
    'a plain password without permission',
    { users: [{ username: 'a', password: 'hunter2' }] },
    '.users[0].password: expected $argon2id$...; a password as it is needs [allowPlainPasswords]: true in the program',
  ],
  [
    'a permission that is only data',
    { users: [{ username: 'a', password: 'hunter2' }], allowPlainPasswords: true },
    '.allowPlainPasswords: unknown field; known here: path, users, secret, realm, maxSessionSeconds, loginThrottle',
  ],
  [
    'a quote in the realm',
    { realm: 'a"b' },
    '.realm: expected printable ASCII without quotes and backslashes',
  ],
]
for (const [name, config, problem] of badConfigs) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => load(config),
      (error) =>
        error instanceof ConfigError &&
        (error.message === `auth[0].fileUserStoreConfig${problem}` ||
          error.message === `auth[0].fileUserStoreConfig: users${problem}`),
    )
  })
}

test('the default file is Config.toml', () => {
  assert.throws(() => load({}), /Config\.toml cannot be read \(ENOENT\)/)
})

test('holds as many users as the limit, and no more', () => {
  const users = Array.from({ length: usersMax + 1 }, (_, index) => ({
    username: `u${index}`,
    password: hash,
  }))
  assert.equal(load({ users: users.slice(1) }).size, usersMax)
  assert.throws(() => load({ users }), /expected at most 10000 users, found 10001/)
})
