import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { number, record } from '../core/index.ts'
import { readToml } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'barre-toml-'))
after(() => rmSync(directory, { recursive: true }))
const shape = record<{ port: number }>({ port: number({ max: 65_535 }) })

function write(source: string): string {
  const file = join(directory, 'settings.toml')
  writeFileSync(file, source)
  return file
}

test('reads a file of the shape', async () => {
  assert.deepEqual({ ...(await readToml(write('port = 8443\n'), shape)) }, { port: 8443 })
})

test('names the field at fault', async () => {
  await assert.rejects(readToml(write('port = 70000\n'), shape), { name: 'ConfigError', path: 'port' })
})

test('names a broken file and its line, and quotes nothing of it', async () => {
  await assert.rejects(readToml(write('port = 1\nsecret = hunter2\n'), shape), (error: Error) => {
    assert.match(error.message, /settings\.toml is not TOML: see line 2$/)
    assert.equal(error.message.includes('hunter2'), false)
    return true
  })
})

test('names a file that cannot be read', async () => {
  await assert.rejects(readToml(join(directory, 'absent.toml'), shape), /cannot read .*absent\.toml/)
})
