import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { flag, number, text } from '../core/index.ts'
import { sharedTest } from '../../../../tools/shared.ts'
import { load } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'barre-original-'))
after(() => rmSync(directory, { recursive: true }))

const prompt = async (): Promise<string> => 'ballerina'

const original = ['ballerina', 'ballerina-lang-0.990.4']
const datafiles = [...original, 'stdlib/config-api/src/test/resources/datafiles']

sharedTest(
  "Ballerina's encrypted file is read with its types",
  [...datafiles, 'encrypted-configs.conf'],
  async (file) => {
    const config = await load({ file, prompt })
    assert.equal(config.read('user.password', text()), 'password')
    assert.equal(config.read('int.value', number()), 100)
    assert.equal(config.read('float.value', number()), 123.45)
    assert.equal(config.read('boolean.value', flag()), true)
  },
)

sharedTest(
  "Ballerina's negative file names key and fix",
  [...original, 'examples/config-api/sample.conf'],
  async (file) => {
    await assert.rejects(load({ file, prompt }), {
      path: 'hello.keystore.password',
      message: /the secret is another one/,
    })
  },
)

sharedTest(
  "Ballerina's complex keys are found",
  [...datafiles, 'complex-key-ballerina.conf'],
  async (file) => {
    const config = await load({ file })
    const expected: readonly (readonly [string, string])[] = [
      ['hello:sayHello.test.test1.groups', 'xxx,yyy'],
      ['hello:sayHello1:123.groups', 'xxx,yyy,abc'],
      ['hello.test.xxx.groups.123', 'zzzz'],
      ['a.b.123/pqr/tz', 'abc123'],
      ['a/b/r.456/pqr', 'lmn789'],
      ['abc123.testKey', 'testVal'],
    ]
    for (const [key, value] of expected) assert.equal(config.read(key, text()), value)
  },
)

sharedTest('its other files load, and its broken one is refused', datafiles, async (folder) => {
  const lookup = await load({ file: join(folder, 'lookupenv.conf'), env: { hello_http_port: '9191' } })
  assert.equal(lookup.read('hello.http.port', number()), 9191)
  const bad = { helloneg_http_port: 'abc', helloneg_eviction_fac: 'abc' }
  for (const file of ['lookupenv_negative.conf', 'lookupenv_negative2.conf', 'lookupenv_negative3.conf']) {
    await assert.rejects(load({ file: join(folder, file), env: bad }), /from environment variable helloneg_/)
  }
  const plain = await load({ file: join(folder, 'ballerina.conf') })
  assert.equal(plain.read('http1.hello.basePath', text()), '/hello')
  await assert.rejects(load({ file: join(folder, 'invalid-ballerina.conf') }), /is not TOML/)
})

const stores = [...original, 'stdlib/auth/src/test/resources/datafiles/config']
sharedTest(
  'its user store opens with the secret file beside, a copy of which is deleted',
  stores,
  async (folder) => {
    const file = join(directory, 'ballerina.conf')
    writeFileSync(file, readFileSync(join(folder, 'authprovider/ballerina.conf')))
    writeFileSync(join(directory, 'secret.txt'), readFileSync(join(folder, 'secret.txt')))
    const config = await load({ file })
    assert.equal(config.read('b7a.users.isuru.password', text()), 'xxx')
    assert.equal(config.read('b7a.users.ishara.password', text()), 'abc')
    assert.throws(() => readFileSync(join(directory, 'secret.txt')), { code: 'ENOENT' })
  },
)
