// The other major version of the peer: the same tests, where every `graphql` is graphql 17.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const hook = pathToFileURL(join(import.meta.dirname, '../../../test/graphql-17.ts')).href

test('the hook gives graphql 17', async () => {
  const program = `import { version } from 'graphql'; process.stdout.write(version)`
  const { stdout } = await run(
    process.execPath,
    ['--import', hook, '--input-type=module', '--eval', program],
    {
      cwd: import.meta.dirname,
    },
  )
  assert.equal(stdout, (await import('graphql-17')).version)
  assert.match(stdout, /^17\./)
})

for (const file of ['fields.test.ts', 'subscriptions.test.ts', '../../entries/graphql.test.ts']) {
  test(`${file} on graphql 17`, async () => {
    // As a program: the runner of this test would take it for a part of its own.
    const args = ['--conditions=@barre/source', '--import', hook, join(import.meta.dirname, file)]
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env
    const { stdout } = await run(process.execPath, args, { env })
    assert.match(stdout, /^[ℹ#] fail 0$/m)
    assert.doesNotMatch(stdout, /^[ℹ#] pass 0$/m)
  })
}
