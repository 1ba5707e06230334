import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { replaceFile } from './replace-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'barre-replace-'))
after(() => rmSync(directory, { recursive: true }))

for (const mode of [0o600, 0o644, 0o666]) {
  test(`makes a file of mode ${mode.toString(8)}, whatever the umask`, async () => {
    const file = join(directory, mode.toString(8))
    writeFileSync(file, 'old')
    await replaceFile(file, 'new', { mode })
    assert.equal(readFileSync(file, 'utf8'), 'new')
    assert.equal(statSync(file).mode & 0o7777, mode)
  })
}

test('what cannot be put in its place is taken away again', async () => {
  const file = join(directory, 'folder')
  mkdirSync(file)
  await assert.rejects(replaceFile(file, 'new', { mode: 0o600 }), { code: 'EISDIR' })
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.endsWith('.new')),
    [],
  )
})

test('the draft of another run is not written over, nor taken away', async () => {
  const file = join(directory, 'twice')
  const draft = `${file}.${process.pid}.new`
  writeFileSync(draft, 'theirs')
  await assert.rejects(replaceFile(file, 'new', { mode: 0o600 }), { code: 'EEXIST' })
  assert.equal(readFileSync(draft, 'utf8'), 'theirs')
  rmSync(draft)
})
