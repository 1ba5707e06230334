import { ConfigError } from '../core/index.ts'

/** Where a person types; `process.stdin` fits. */
export interface TerminalInput extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean
  setRawMode?(on: boolean): unknown
}

/** Asks a person, without showing what they type. */
export interface Terminal {
  /** One line of input. Throws ConfigError when there is no terminal, or it ends, or Ctrl-C is typed. */
  ask(question: string): Promise<string>
  /** Gives the input back, so that the program can end. */
  close(): Promise<void>
}

/** The most bytes of a typed line. */
export const typedBytesMax = 65_536

const [interrupt, endOfInput, backspace, killLine, rubout] = [0x03, 0x04, 0x08, 0x15, 0x7f]
const lineEnds: ReadonlySet<number> = new Set([0x0a, 0x0d])

/** A terminal for hidden questions: `createTerminal(process.stdin, process.stderr)`. */
export function createTerminal(input: TerminalInput, output: { write(text: string): unknown }): Terminal {
  let iterator: AsyncIterator<Uint8Array> | undefined
  let pending: Uint8Array = new Uint8Array()

  /** The next byte; what was typed ahead stays for the next question. */
  async function nextByte(): Promise<number | undefined> {
    iterator ??= input[Symbol.asyncIterator]()
    while (pending.length === 0) {
      const { done, value } = await iterator.next()
      if (done === true) return undefined
      pending = value
    }
    const [byte] = pending
    pending = pending.subarray(1)
    return byte
  }

  return {
    async ask(question) {
      if (input.isTTY !== true || input.setRawMode === undefined) {
        throw new ConfigError('', 'there is no terminal to ask on')
      }
      // Raw before the question shows: what is typed at once must not be echoed.
      input.setRawMode(true)
      output.write(question)
      try {
        return await readLine(nextByte)
      } finally {
        input.setRawMode(false)
        output.write('\n')
      }
    },
    async close() {
      await iterator?.return?.()
    },
  }
}

async function readLine(nextByte: () => Promise<number | undefined>): Promise<string> {
  const typed: number[] = []
  for (;;) {
    const byte = await nextByte()
    if (byte === undefined || byte === endOfInput) throw new ConfigError('', 'the input ended')
    if (byte === interrupt) throw new ConfigError('', 'interrupted')
    if (lineEnds.has(byte)) return toText(typed)
    if (byte === backspace || byte === rubout) dropCharacter(typed)
    else if (byte === killLine) typed.length = 0
    else typed.push(byte)
    if (typed.length > typedBytesMax) throw new ConfigError('', `a line has at most ${typedBytesMax} bytes`)
  }
}

/** Drops the bytes of the last UTF-8 character. */
function dropCharacter(bytes: number[]): void {
  let last = bytes.pop()
  while (last !== undefined && (last & 0xc0) === 0x80) last = bytes.pop()
}

function toText(bytes: readonly number[]): string {
  const text = Buffer.from(bytes).toString('utf8')
  // An arrow key, for one, sends more than it shows.
  if (/[\p{Cc}\uFFFD]/u.test(text)) throw new ConfigError('', 'a key was typed that is no character')
  return text
}
