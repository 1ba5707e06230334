import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createEncrypter, load, readSecretFile } from './index.ts'
import { secretFileBytesMax } from './secret-source.ts'
import { number } from '../core/index.ts'
import type { LoadOptions } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'barre-secret-'))
after(() => rmSync(directory, { recursive: true }))

const file = join(directory, 'app.toml')
const usual = join(directory, 'secret.txt')
const named = join(directory, 'named.txt')
// `100`, with the secret `ballerina`.
writeFileSync(file, 'value = "@encrypted:{vr1bbDIctz4ybPTlEEnEyuKJ+4OP2NDGsPSCQYEnyi0=}"\n')

async function opens(options: LoadOptions = {}): Promise<void> {
  assert.equal((await load({ file, ...options })).read('value', number()), 100)
}

test('secret.txt beside the file is read, then deleted', async () => {
  writeFileSync(usual, 'ballerina\n')
  await opens()
  assert.equal(existsSync(usual), false)
})

test('--keep-secret-file leaves it', async () => {
  writeFileSync(usual, 'ballerina\r\n')
  await opens({ argv: ['--keep-secret-file'] })
  assert.equal(existsSync(usual), true)
  rmSync(usual)
})

for (const name of ['barre.config.secret', 'b7a.config.secret', 'ballerina.config.secret']) {
  test(`-e ${name} names the file, before every other source`, async () => {
    writeFileSync(named, 'ballerina')
    await opens({ argv: ['-e', `${name}=${named}`], env: { BARRE_CONFIG_SECRET: 'other' } })
    assert.equal(existsSync(named), false)
  })
}

test('the environment comes before secret.txt, which then stays', async () => {
  writeFileSync(usual, 'other')
  await opens({ env: { BARRE_CONFIG_SECRET: 'ballerina' } })
  assert.equal(existsSync(usual), true)
  rmSync(usual)
})

test('a person is asked last, and only when there is something to open', async () => {
  const asked: string[] = []
  const prompt = async (question: string): Promise<string> => {
    asked.push(question)
    return 'ballerina'
  }
  await opens({ prompt })
  assert.deepEqual(asked, ['barre: enter secret for config value decryption: '])
  const plain = join(directory, 'plain.toml')
  writeFileSync(plain, 'a = 1\n')
  writeFileSync(usual, 'ballerina')
  await load({ file: plain, prompt })
  assert.equal(asked.length, 1)
  assert.equal(existsSync(usual), true)
  rmSync(usual)
})

test('without any source the error says what to do', async () => {
  await assert.rejects(load({ file }), /-e barre\.config\.secret=FILE, set BARRE_CONFIG_SECRET/)
})

// A file that nobody can delete, not even root.
const undeletable = '/proc/sys/kernel/ostype'

test('a file that cannot be deleted is used all the same, and a warning says so', async (context) => {
  if (!existsSync(undeletable)) return context.skip('there is no file here that cannot be deleted')
  const secret = await readSecretFile(undeletable)
  const text = await createEncrypter(secret, { random: randomBytes }).encrypt('100')
  const warnings: object[] = []
  const config = await load({
    argv: ['-e', `value=${text}`, '-e', `b7a.config.secret=${undeletable}`],
    log: { warn: (fields) => warnings.push(fields) },
  })
  assert.equal(config.read('value', number()), 100)
  assert.equal(warnings.length, 1)
  assert.partialDeepStrictEqual(warnings[0], { file: undeletable })
  return undefined
})

const unusable: readonly (readonly [string, string, RegExp])[] = [
  ['several lines', 'a\nb\n', /multi-line user secrets not allowed/],
  ['nothing', '', /the secret is empty/],
  ['a line end alone', '\n', /the secret is empty/],
  ['too much', 'x'.repeat(secretFileBytesMax + 1), /at most 4096 bytes/],
]
for (const [name, content, problem] of unusable) {
  test(`a secret file with ${name} is refused by name, and stays`, async () => {
    writeFileSync(named, content)
    await assert.rejects(load({ file, argv: ['-e', `b7a.config.secret=${named}`] }), problem)
    assert.equal(existsSync(named), true)
  })
}

test('a secret at its bound is read, and a named file that is absent is named', async () => {
  writeFileSync(named, 'x'.repeat(secretFileBytesMax))
  assert.equal((await readSecretFile(named)).reveal().length, secretFileBytesMax)
  await assert.rejects(readSecretFile(join(directory, 'absent')), /^ConfigError: file not found: .*absent$/)
  await assert.rejects(readSecretFile(directory), /cannot read .*\(EISDIR\)/)
})
