import { KeyError } from './key-error.ts'

/** The largest key or certificate file that is read, in bytes. */
export const keyFileMaxBytes = 4_194_304
/** The most blocks that one PEM text may hold. */
export const pemBlocksMax = 1024

/** One block of PEM text (RFC 7468). */
export interface PemBlock {
  readonly label: string
  /** RFC 1421 headers, as old encrypted keys have them. */
  readonly headers: ReadonlyMap<string, string>
  readonly bytes: Buffer
  readonly text: string
}

const boundary = /^-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----[ \t]*$/
const headerLine = /^([A-Za-z-]{1,64}): (.{0,256})$/

/**
 * The blocks of a PEM text, strictly: each boundary is a line of its own, labels match, the base64 is whole.
 * Text between blocks is left alone.
 */
export function readPem(text: string): readonly PemBlock[] {
  if (text.length > keyFileMaxBytes)
    throw new KeyError('too_large', `PEM of more than ${keyFileMaxBytes} bytes`)
  const blocks: PemBlock[] = []
  let open: { readonly label: string; readonly lines: string[] } | undefined
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const [, edge, label = ''] = boundary.exec(line) ?? []
    if (edge === undefined) {
      if (line.includes('-----BEGIN') || line.includes('-----END')) throw crooked()
      open?.lines.push(line)
    } else if (edge === 'BEGIN') {
      if (open !== undefined) throw new KeyError('malformed', `PEM: ${open.label} has no end`)
      open = { label, lines: [] }
    } else {
      if (open?.label !== label) throw new KeyError('malformed', `PEM: the end of ${label} has no begin`)
      blocks.push(toBlock(label, open.lines))
      open = undefined
    }
    if (blocks.length > pemBlocksMax)
      throw new KeyError('too_large', `PEM of more than ${pemBlocksMax} blocks`)
  }
  if (open !== undefined) throw new KeyError('malformed', `PEM: ${open.label} has no end`)
  return blocks
}

function crooked(): KeyError {
  return new KeyError('malformed', 'PEM: the BEGIN or END line does not stand on a line of its own')
}

function toBlock(label: string, lines: readonly string[]): PemBlock {
  const headers = new Map<string, string>()
  const blank = lines.indexOf('')
  const hasHeaders = blank > 0 && lines.slice(0, blank).every((line) => headerLine.test(line))
  if (hasHeaders) {
    for (const line of lines.slice(0, blank)) {
      const [, name = '', value = ''] = headerLine.exec(line) ?? []
      headers.set(name, value)
    }
  }
  const base64 = lines
    .slice(hasHeaders ? blank + 1 : 0)
    .map((line) => line.trim())
    .join('')
  const bytes = Buffer.from(base64, 'base64')
  if (base64 === '' || bytes.toString('base64') !== base64) {
    throw new KeyError('malformed', `PEM: the base64 of ${label} is not whole`)
  }
  return { label, headers, bytes, text: toPem(label, lines) }
}

function toPem(label: string, lines: readonly string[]): string {
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** The PEM text of one block. */
export function writePem(label: string, bytes: Uint8Array): string {
  return toPem(
    label,
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [],
  )
}
