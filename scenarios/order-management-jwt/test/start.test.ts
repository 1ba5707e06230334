import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fixedPorts } from '../src/ports.ts'

interface Started {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  /** Where it makes its directory. */
  readonly temporary: string
}

function start(context: TestContext, ...parameters: string[]): Started {
  const temporary = mkdtempSync(join(tmpdir(), 'start-test-'))
  const program = join(import.meta.dirname, '../src/start.ts')
  const child = spawn(process.execPath, ['--conditions=@barre/source', program, ...parameters], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  context.after(() => {
    child.kill('SIGKILL')
    rmSync(temporary, { recursive: true, force: true })
  })
  return { child, temporary }
}

test('Ctrl-C leaves nothing behind, also while the services start', async (context) => {
  const { child, temporary } = start(context)
  for await (const { eventType } of watch(temporary)) {
    assert.equal(eventType, 'rename')
    break
  }
  child.kill('SIGINT')
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 1)
  assert.deepEqual(readdirSync(temporary), [])
})

const curl = spawnSync('curl', ['--version']).status === 0

test('the commands that it prints work as printed', { skip: !curl && 'no curl here' }, async (context) => {
  const { child, temporary } = start(context)
  let printed = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    printed += String(chunk)
    if (/-X DELETE .*admin\.header \S+\n/.test(printed)) break
  }
  const commands = printed.split('\n').filter((line) => line.startsWith('  curl '))
  const statuses = commands.map((command) =>
    execFileSync('sh', ['-c', `${command} -s -o /dev/null -w '%{http_code}'`], { encoding: 'utf8' }),
  )
  assert.deepEqual(statuses, ['201', '200', '403', '200'])
  child.kill('SIGINT')
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 0)
  assert.deepEqual(readdirSync(temporary), [])
})

test('a port that is taken is one line that names it', async (context) => {
  // Taken by somebody else already serves as well.
  const taken = createServer()
  taken.on('error', () => undefined)
  taken.listen(fixedPorts.issuer, '127.0.0.1')
  context.after(() => taken.close())
  const { child, temporary } = start(context, '--ports', 'fixed', '--once')
  const said = await text(child.stderr)
  assert.match(said, /^the system could not start: listen EADDRINUSE.*:\d+\n$/)
  assert.equal(child.exitCode ?? ((await once(child, 'exit')) as [number])[0], 1)
  assert.deepEqual(readdirSync(temporary), [])
})
