import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { Secret } from 'barre/core'
import { createDecrypter } from 'barre/config'
import { join } from 'node:path'

const command = join(import.meta.dirname, '../bin/barre.js')
// Of util-linux: it runs a command on a pseudo-terminal.
const terminalTool = 'script'
const hasTerminals = spawnSync(terminalTool, ['--version']).status === 0

/** Runs a verb on a pseudo-terminal, types each answer when its question shows, and answers with all that was shown. */
async function type(
  words: readonly string[],
  answers: readonly (readonly [question: string, keys: string])[],
) {
  const line = [process.execPath, '--conditions=@barre/source', command, ...words].join(' ')
  const child = spawn(terminalTool, ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let shown = ''
  const waiting = [...answers]
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    const [next] = waiting
    if (next === undefined || !shown.endsWith(next[0])) return
    waiting.shift()
    child.stdin.write(next[1])
  })
  const [code] = (await once(child, 'close')) as [number]
  return { code, shown: shown.replaceAll('\r\n', '\n'), unasked: waiting.length }
}

const options = { skip: hasTerminals ? false : 'there is no script(1) of util-linux to make a terminal' }

test('barre encrypt asks as the original does and shows nothing of the answers', options, async () => {
  const { code, shown, unasked } = await type(
    ['encrypt', 'api.secret'],
    [
      ['Enter value: ', '\r'],
      ['Value cannot be empty; enter value: ', 'hunter2\r'],
      ['Enter secret: ', 'sesamx\x7fe\r'],
      ['Re-enter secret to verify: ', 'sesame\r'],
    ],
  )
  assert.deepEqual([code, unasked], [0, 0])
  const [text = ''] = /@encrypted:\{[^}]+\}/.exec(shown) ?? []
  const expected = [
    'Enter value: ',
    'Value cannot be empty; enter value: ',
    'Enter secret: ',
    'Re-enter secret to verify: ',
    'Add the following to the runtime config:',
    text,
    '',
    'Or add to the runtime command line:',
    `-eapi.secret=${text}`,
    '',
  ]
  assert.deepEqual(shown.split('\n'), expected)
  assert.equal((await createDecrypter(new Secret('sesame')).decrypt(text, 'api.secret')).reveal(), 'hunter2')
})

test('barre encrypt refuses secrets that differ, and Ctrl-C ends it', options, async () => {
  const differing = await type(
    ['encrypt'],
    [
      ['Enter value: ', 'v\r'],
      ['Enter secret: ', 'one\r'],
      ['verify: ', 'two\r'],
    ],
  )
  assert.equal(differing.code, 1)
  assert.match(differing.shown, /secrets did not match\.\n$/)
  const interrupted = await type(['encrypt'], [['Enter value: ', 'secret\x03']])
  assert.deepEqual([interrupted.code, interrupted.unasked], [1, 0])
  assert.equal(interrupted.shown, 'Enter value: \nbarre encrypt: interrupted\n')
})
