/** What a POP3 server says to a command (RFC 1939 §3). */
export interface Reply {
  readonly kind: 'ok' | 'error' | 'challenge'
  /** The rest of the first line. */
  readonly text: string
  /** The lines after it, as they were before they were sent; empty where none were expected. */
  readonly content: Buffer
}

const lineEnd = Buffer.from('\r\n')
const contentEnd = Buffer.from('\r\n.\r\n')
const [plus, dot] = [0x2b, 0x2e]

/** What ends the reply that begins with this byte: a line, or a lone dot where a good one goes on. */
export function endOf(firstByte: number | undefined, goesOn: boolean): Buffer {
  return goesOn && firstByte === plus ? contentEnd : lineEnd
}

/** Reads a whole reply. Throws where the server says more than it was asked, which would be the next answer. */
export function readReply(bytes: Buffer, goesOn: boolean): Reply {
  const lineLength = bytes.indexOf(lineEnd)
  const line = bytes.toString('utf8', 0, lineLength)
  const rest = bytes.subarray(lineLength + lineEnd.length)
  const [, status, text = ''] = /^(\+OK|-ERR|\+)(?: (.*))?$/s.exec(line) ?? []
  const kind = status === '+OK' ? 'ok' : status === '-ERR' ? 'error' : 'challenge'
  if (status === undefined) throw new Error('the server does not speak POP3')
  if (kind === 'ok' && goesOn) return { kind, text, content: unstuff(rest.subarray(0, -3)) }
  if (rest.length > 0) throw new Error('the server said more than it was asked')
  return { kind, text, content: rest }
}

/** Takes away the dot before each line that begins with one. */
function unstuff(content: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(content.length)
  let from = content[0] === dot ? 1 : 0
  let length = 0
  for (let at = content.indexOf('\r\n.'); at !== -1; at = content.indexOf('\r\n.', from)) {
    length += content.copy(plain, length, from, at + lineEnd.length)
    from = at + lineEnd.length + 1
  }
  length += content.copy(plain, length, from)
  return plain.subarray(0, length)
}
