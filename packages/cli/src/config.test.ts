import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, beforeEach, describe, it } from 'node:test'
import { parseArgon2id, verifyArgon2id } from 'barre/crypto'
import { main } from './main.ts'

const directory = mkdtempSync(join(tmpdir(), 'barre-config-'))
after(() => rmSync(directory, { recursive: true }))

function write(name: string, content: string, mode = 0o644): string {
  const file = join(directory, name)
  rmSync(file, { force: true })
  writeFileSync(file, content, { mode })
  return file
}

const secretFile = write('secret', 'ballerina\n')
const otherFile = write('other', 'another\n')

async function run(argv: readonly string[], stdin = '') {
  let [stdout, stderr] = ['', '']
  const code = await main(argv, {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { code, stdout, stderr }
}

/** Runs a verb that has to succeed, and answers with what it printed. */
async function output(argv: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await run(argv, stdin)
  assert.equal(code, 0, stderr)
  return stdout.trimEnd()
}

/** Runs a verb that has to fail in one line. */
async function failure(argv: readonly string[], stdin = '', code = 1): Promise<string> {
  const { stdout, ...found } = await run(argv, stdin)
  assert.deepEqual([found.code, stdout], [code, ''])
  assert.equal(found.stderr.trimEnd().split('\n').length, 1)
  return found.stderr
}

const legacyValue = '@encrypted:{pIQrB9YfCQK1eIWH5d6UaZXA3zr+60JxSBcpa2PY7a8=}'

describe('barre encrypt and decrypt', () => {
  it('a value from standard input opens again with the secret of a file', async () => {
    const text = await output(['encrypt', '--stdin'], 'pässword with = and "\nballerina\n')
    assert.match(text, /^@encrypted:\{v2:unbound:[^}]+\}$/)
    assert.equal(await output(['decrypt', text, '--secret-file', secretFile]), 'pässword with = and "')
    assert.equal(readFileSync(secretFile, 'utf8'), 'ballerina\n')
  })

  it('says that a value without KEY is unbound', async () => {
    const { stderr } = await run(['encrypt', '--stdin', '--secret-file', secretFile], 'x\n')
    assert.match(stderr, /unbound: it opens at any key/)
  })

  it('a value for a key opens at that key alone', async () => {
    const key = 'users[username=alice].password'
    const argv = ['encrypt', key, '--stdin', '--secret-file', secretFile]
    const { stdout, stderr } = await run(argv, 'x\n')
    assert.equal(stderr, '')
    const decrypt = ['decrypt', stdout.trim(), '--secret-file', secretFile]
    assert.equal(await output([...decrypt, '--key', 'users[username="alice"].password']), 'x')
    assert.match(await failure([...decrypt, '--key', 'users[username=bob].password']), /does not open/)
    assert.match(await failure(decrypt), /bound to the key it was encrypted for/)
  })

  it('makes and reads the form of Ballerina', async () => {
    const text = await output(['encrypt', '--legacy', '--stdin'], 'password\nballerina\nballerina\n')
    assert.match(text, /^@encrypted:\{[A-Za-z0-9+/]+=*\}$/)
    assert.equal(await output(['decrypt', text, '--stdin'], 'ballerina\n'), 'password')
    assert.equal(await output(['decrypt', legacyValue, '--secret-file', secretFile]), 'password')
  })

  const failing: readonly (readonly [string, readonly string[], string, RegExp])[] = [
    ['a wrong secret', ['decrypt', legacyValue, '--secret-file', otherFile], '', /another one/],
    ['a damaged value', ['decrypt', '@encrypted:{abc}', '--stdin'], 'x\n', /not a whole/],
    [
      'an absent secret file',
      ['decrypt', legacyValue, '--secret-file', 'absent'],
      '',
      /file not found: absent/,
    ],
    ['an empty value', ['encrypt', '--stdin'], '\nsecret\n', /encryption failed: empty value\.$/m],
    ['an empty secret', ['encrypt', '--stdin'], 'value\n\n', /encryption failed: empty secret\.$/m],
    ['another secret the second time', ['encrypt', '--stdin'], 'v\na\nb\n', /secrets did not match\.$/m],
    ['no secret', ['encrypt', '--stdin'], 'value\n', /no line for "Enter secret:"/],
    ['too many lines', ['encrypt', '--stdin'], 'v\na\na\nb\n', /more lines/],
    ['no terminal', ['encrypt'], 'v\na\na\n', /there is no terminal to ask on/],
    ['no terminal to decrypt', ['decrypt', legacyValue], '', /there is no terminal to ask on/],
  ]
  for (const [name, argv, stdin, line] of failing) {
    it(`answers ${name} with one line and exit code 1`, async () => {
      assert.match(await failure(argv, stdin), line)
    })
  }

  for (const argv of [
    ['decrypt'],
    ['encrypt', 'a..b'],
    ['encrypt', '--legacy', 'a.b'],
    ['encrypt', 'a', 'b'],
  ]) {
    it(`${argv.join(' ')} is a usage error`, async () => {
      await failure(argv, '', 2)
    })
  }
})

describe('barre hash', () => {
  it('hashes a password from standard input', async () => {
    const hash = parseArgon2id(await output(['hash', '--stdin'], 'pässword\n'))
    assert.ok(hash !== undefined)
    assert.equal(await verifyArgon2id('pässword', hash), true)
  })

  it('refuses an empty one, and two that differ', async () => {
    assert.match(await failure(['hash', '--stdin'], '\n'), /the password is empty/)
    assert.match(await failure(['hash', '--stdin'], 'a\nb\n'), /passwords did not match\./)
  })
})

describe('barre config rotate', () => {
  const source = `# kept\nsecret = "${legacyValue}" # kept too\n`
  const secrets = ['--secret-file', secretFile, '--new-secret-file', otherFile]
  beforeEach(() => write('app.toml', source, 0o640))

  it('replaces the file with its mode, with nothing left beside, through a link', async () => {
    const file = join(directory, 'app.toml')
    const link = join(directory, 'link.toml')
    symlinkSync(file, link)
    assert.match(await output(['config', 'rotate', link, ...secrets]), /^secret\n1 values encrypted anew/)
    const text = readFileSync(file, 'utf8')
    const [, value = ''] =
      /^# kept\nsecret = "(@encrypted:\{v2:bound:[^}]+\})" # kept too\n$/.exec(text) ?? []
    assert.equal(await output(['decrypt', value, '--key', 'secret', '--secret-file', otherFile]), 'password')
    assert.equal(statSync(file).mode & 0o7777, 0o640)
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.endsWith('.new')),
      [],
    )
    rmSync(link)
  })

  it('reads the secrets from standard input', async () => {
    const file = join(directory, 'app.toml')
    await output(['config', 'rotate', file, '--stdin'], 'ballerina\nnew\nnew\n')
    assert.match(readFileSync(file, 'utf8'), /v2:bound/)
  })

  const failing: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'the wrong secret',
      ['app.toml', '--secret-file', otherFile, '--new-secret-file', secretFile],
      /secret: the value/,
    ],
    ['an absent file', ['absent.toml', ...secrets], /ENOENT/],
  ]
  for (const [name, [file = '', ...argv], line] of failing) {
    it(`leaves everything as it is with ${name}`, async () => {
      const before = readdirSync(directory)
      assert.match(await failure(['config', 'rotate', join(directory, file), ...argv]), line)
      assert.deepEqual(readdirSync(directory), before)
      assert.equal(readFileSync(join(directory, 'app.toml'), 'utf8'), source)
    })
  }

  it('leaves a file without encrypted values alone', async () => {
    const file = write('plain.toml', 'a = 1\n')
    const { ino } = statSync(file)
    assert.match(await output(['config', 'rotate', file, ...secrets]), /^0 values/)
    assert.equal(statSync(file).ino, ino)
  })

  it('FILE is required', async () => {
    await failure(['config', 'rotate'], '', 2)
  })
})

describe('barre config check', () => {
  const schema = write(
    'schema.json',
    JSON.stringify({
      type: 'object',
      required: ['port'],
      additionalProperties: false,
      properties: {
        port: { type: 'integer', maximum: 65_535 },
        password: { type: 'string', minLength: 12 },
        users: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
      },
    }),
  )
  const check = (source: string, ...argv: string[]) =>
    run(['config', 'check', write('checked.toml', source), '--schema', schema, ...argv])

  it('says that a file fits', async () => {
    const { code, stdout } = await check('port = 1\npassword = "long enough to pass"\n')
    assert.equal(code, 0)
    assert.match(stdout, /checked\.toml fits .*schema\.json\n$/)
  })

  it('names each key at fault, and no value', async () => {
    const { code, stderr } = await check(
      'port = "hunter2"\nstray = 1\nusers = [{ name = 1 }]\npassword = "x"\n',
    )
    assert.equal(code, 1)
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^.*checked\.toml: /, ''))
    assert.deepEqual(lines.toSorted(), [
      ': must NOT have additional properties (stray)',
      'password: must NOT have fewer than 12 characters',
      'port: must be integer',
      'users[0].name: must be string',
    ])
  })

  it('looks into encrypted values only with their secret, which stays, as does a secret.txt', async () => {
    const beside = write('secret.txt', 'another')
    assert.equal((await check(`port = "${legacyValue}"\n`)).code, 0)
    const { stderr } = await check(`port = 1\npassword = "${legacyValue}"\n`, '--secret-file', secretFile)
    assert.match(stderr, /password: must NOT have fewer than 12 characters/)
    assert.match((await check('port = "@encrypted:{x}"\n')).stderr, /port: not a whole/)
    assert.equal(readFileSync(beside, 'utf8'), 'another')
    rmSync(beside)
    assert.equal(readFileSync(secretFile, 'utf8'), 'ballerina\n')
  })

  it('knows the schema of auth, at its key', async () => {
    const good = '[[auth]]\nfileUserStoreConfig.path = "users.toml"\nscopes = ["admin"]\n'
    const file = write('auth.toml', good)
    assert.equal(await output(['config', 'check', file, '--schema', 'auth']), `${file} fits auth`)
    const bad = await run(['config', 'check', write('auth.toml', 'auth = []\n'), '--schema', 'auth'])
    assert.match(bad.stderr, /auth: must NOT have fewer than 1 items/)
    const absent = await run(['config', 'check', write('auth.toml', 'a = 1\n'), '--schema', 'auth'])
    assert.match(absent.stderr, /auth: required, but no source has it/)
  })

  it('refuses a schema that it cannot read or does not understand', async () => {
    const file = write('checked.toml', 'port = 1\n')
    for (const content of ['{', '[]', '{"typo":1}']) {
      await failure(['config', 'check', file, '--schema', write('bad.json', content)])
    }
    await failure(['config', 'check', file, '--schema', join(directory, 'absent.json')])
    await failure(['config', 'check', file], '', 2)
  })
})
