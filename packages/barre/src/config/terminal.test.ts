import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { createTerminal, typedBytesMax } from './terminal.ts'

function terminalOf(...chunks: readonly (string | Uint8Array)[]) {
  const modes: boolean[] = []
  const shown: string[] = []
  const input = Object.assign(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), {
    isTTY: true,
    setRawMode: (on: boolean) => modes.push(on),
  })
  return { terminal: createTerminal(input, { write: (text) => shown.push(text) }), modes, shown }
}

const typed: readonly (readonly [string, string, string])[] = [
  ['a line', 'secret\r', 'secret'],
  ['a line feed', 'secret\n', 'secret'],
  ['nothing', '\r', ''],
  ['a rubout', 'sexcret\x7f\x7f\x7f\x7f\x7fcret\r', 'secret'],
  ['a backspace over two bytes', 'pä\x08a\r', 'pa'],
  ['more backspaces than there is', '\x7f\x7fx\r', 'x'],
  ['a cleared line', 'wrong\x15right\r', 'right'],
]
for (const [name, keys, line] of typed) {
  test(`reads ${name}, byte by byte, and shows the question alone`, async () => {
    const { terminal, modes, shown } = terminalOf(...[...Buffer.from(keys)].map((byte) => Buffer.of(byte)))
    assert.equal(await terminal.ask('Enter secret: '), line)
    await terminal.close()
    assert.deepEqual(modes, [true, false])
    assert.deepEqual(shown, ['Enter secret: ', '\n'])
  })
}

test('what is typed ahead answers the next question', async () => {
  const { terminal } = terminalOf('one\rtwo\rthr', 'ee\r')
  assert.deepEqual(
    [await terminal.ask('1'), await terminal.ask('2'), await terminal.ask('3')],
    ['one', 'two', 'three'],
  )
  await terminal.close()
})

const ended: readonly (readonly [string, string, RegExp])[] = [
  ['Ctrl-C', 'abc\x03', /interrupted/],
  ['Ctrl-D', 'abc\x04', /the input ended/],
  ['an end', 'abc', /the input ended/],
  ['an arrow key', 'abc\x1b[A\r', /no character/],
  ['bytes that are no UTF-8', '', /no character/],
  ['a line past its limit', `${'x'.repeat(typedBytesMax + 1)}\r`, /at most 65536 bytes/],
]
for (const [name, keys, problem] of ended) {
  test(`${name} ends the question, and the terminal is as it was`, async () => {
    const { terminal, modes } = terminalOf(keys === '' ? Buffer.of(0xff, 0x0d) : keys)
    await assert.rejects(terminal.ask('?'), problem)
    assert.deepEqual(modes, [true, false])
  })
}

test('reads a line at its limit', async () => {
  assert.equal((await terminalOf(`${'x'.repeat(typedBytesMax)}\r`).terminal.ask('?')).length, typedBytesMax)
})

test('asks nobody where there is no terminal', async () => {
  const terminal = createTerminal(Readable.from([]), { write: () => assert.fail('asked') })
  await assert.rejects(terminal.ask('?'), { name: 'ConfigError', message: 'there is no terminal to ask on' })
  await terminal.close()
})
