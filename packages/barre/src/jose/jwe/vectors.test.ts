import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sharedTest } from '../../../../../tools/shared.ts'
import { decryptJwe } from './decrypt.ts'
import { importDecryptionKey } from './import-key.ts'
import type { JsonObject } from '../json.ts'
import type { Jwk } from '../jwk.ts'
import type { JweAlgorithm } from './key-management.ts'
import type { DecryptionKey } from './jwe-key.ts'

interface WycheproofGroup {
  readonly private: Jwk
  readonly tests: readonly {
    readonly tcId: number
    readonly jwe: string
    readonly pt?: string
    readonly result: string
  }[]
}

sharedTest('Wycheproof JWE: every test as labelled', ['jose', 'wycheproof'], async (folder) => {
  const text = readFileSync(join(folder, 'json_web_encryption_test.json'), 'utf8')
  const { testGroups, numberOfTests } = JSON.parse(text) as {
    readonly testGroups: readonly WycheproofGroup[]
    readonly numberOfTests: number
  }
  const tests = testGroups.flatMap((group) =>
    group.tests.map((member) => ({ ...member, jwk: group.private })),
  )
  assert.equal(tests.length, numberOfTests)
  const unlike: number[] = []
  for (const { tcId, jwe, jwk, pt, result } of tests) {
    const decrypted = await decryptJwe(jwe, keyOf(jwk), { inflate: true })
    if (decrypted.ok !== (result === 'valid')) unlike.push(tcId)
    if (decrypted.ok && result === 'valid') assert.equal(decrypted.value.plaintext.toString('hex'), pt)
  }
  assert.deepEqual(unlike, [])
})

interface CookbookExample {
  readonly input: {
    readonly plaintext: string
    readonly key?: Jwk | readonly Jwk[]
    readonly pwd?: string
    readonly alg: JweAlgorithm | readonly JweAlgorithm[]
  }
  readonly output: Readonly<Record<string, string | JsonObject>>
}

for (const folder of ['jwe', 'curve25519']) {
  sharedTest(
    `RFC 7520 cookbook: every example of ${folder} decrypts`,
    ['jose', 'cookbook', folder],
    async (path) => {
      for (const file of readdirSync(path).filter((name) => name !== 'jws.json')) {
        const { input, output } = JSON.parse(readFileSync(join(path, file), 'utf8')) as CookbookExample
        const algorithms = [input.alg].flat()
        const sources = [input.key ?? input.pwd ?? ''].flat() as readonly (Jwk | string)[]
        for (const [form, jwe] of Object.entries(output)) {
          for (const [index, source] of sources.entries()) {
            const decrypted = await decryptJwe(jwe, keyOf(source, algorithms[index]), { inflate: true })
            assert.ok(decrypted.ok, `${file} ${form} ${decrypted.ok ? '' : decrypted.denial.detail}`)
            assert.equal(decrypted.value.plaintext.toString(), input.plaintext)
          }
        }
      }
    },
  )
}

function keyOf(source: Jwk | string, algorithm?: JweAlgorithm): DecryptionKey {
  return importDecryptionKey(source, { path: 'key', legacy: true, ...(algorithm && { algorithm }) })
}
