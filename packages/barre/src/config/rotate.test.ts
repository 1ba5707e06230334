import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Secret } from '../core/index.ts'
import { sharedTest } from '../../../../tools/shared.ts'
import { createDecrypter, createEncrypter, rotate } from './index.ts'
import { leavesOf, parseDocument } from './document.ts'

const cost = { memoryKib: 8, passes: 1, lanes: 1 }
const encrypterOf = (secret: string) => createEncrypter(new Secret(secret), { random: randomBytes, cost })
const [oldSecret, newSecret] = ['ballerina', 'a new one']
const steps = { from: createDecrypter(new Secret(oldSecret)), to: encrypterOf(newSecret) }

const old = encrypterOf(oldSecret)
const legacy = await old.encrypt('legacy value', { legacy: true })
const bound = await old.encrypt('bound value', { key: 'users[username=alice].password' })
const unbound = await old.encrypt('unbound value')

const source = `# The old one was "${legacy}"\r
title  =  'é'   # kept
[api]
secret = "${legacy}" # ${legacy}
other='${unbound}'
list = [ "${legacy}", "plain" ]

[[users]]
username = "alice"
password = """${bound}"""
`

const blank = (toml: string): string => toml.replaceAll(/@encrypted:\{v2:[^}]*\}/g, '*')

test('every value is encrypted anew, and all else stays to the byte', async () => {
  const { text, keys } = await rotate(source, 'app.toml', steps)
  assert.deepEqual(keys, ['api.secret', 'api.other', 'api.list[0]', 'users[username=alice].password'])
  const expected = source
    .replace(`secret = "${legacy}"`, 'secret = "*"')
    .replace(`[ "${legacy}"`, '[ "*"')
    .replace(unbound, '*')
    .replace(bound, '*')
  assert.equal(blank(text), expected)
  const opened = createDecrypter(new Secret(newSecret))
  const values = leavesOf(parseDocument(text, '')).filter(({ value }) => String(value).startsWith('@'))
  assert.deepEqual(
    await Promise.all(
      values.map(async ({ value, path }) => (await opened.decrypt(String(value), path)).reveal()),
    ),
    ['legacy value', 'unbound value', 'legacy value', 'bound value'],
  )
  assert.deepEqual(
    values.map(({ value }) => /v2:(\w+):/.exec(String(value))?.[1]),
    ['bound', 'unbound', 'unbound', 'bound'],
  )
})

test('a text without encrypted values stays as it is', async () => {
  const plain = 'a = 1 # @encrypted:{x}\n'
  assert.deepEqual(await rotate(plain, 'app.toml', steps), { text: plain, keys: [] })
})

const refused: readonly (readonly [string, string, string])[] = [
  ['another secret', `a = "${await encrypterOf('x').encrypt('y')}"\n`, 'a'],
  ['a value with text after it', `a = "${legacy}x"\n`, 'a'],
  ['a value written with escapes', 'a = "@encrypted\\u003a{abc}"\n', 'a'],
  ['a moved value', `b = "${bound}"\n`, 'b'],
  ['no TOML', `a = ${legacy}\n`, ''],
]
for (const [name, text, path] of refused) {
  test(`refuses ${name}`, () =>
    assert.rejects(rotate(text, 'app.toml', steps), { name: 'ConfigError', path }))
}

const userStore = 'stdlib/auth/src/test/resources/datafiles/config/authprovider/ballerina.conf'
sharedTest(
  "Ballerina's user store rotates",
  ['ballerina', 'ballerina-lang-0.990.4', userStore],
  async (file) => {
    const { text, keys } = await rotate(readFileSync(file, 'utf8'), file, steps)
    assert.deepEqual(keys, ['b7a.users.isuru.password', 'b7a.users.ishara.password'])
    assert.match(text, /\["b7a\.users\.isuru"\]\npassword="@encrypted:\{v2:bound:/)
  },
)
