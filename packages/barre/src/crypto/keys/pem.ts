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
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const edges = findEdges(lines)
  if (edges.length > 2 * pemBlocksMax)
    throw new KeyError('too_large', `PEM of more than ${pemBlocksMax} blocks`)
  const blocks: PemBlock[] = []
  for (let index = 0; index < edges.length; index += 2) {
    const [begin, end] = [edges[index]!, edges[index + 1]]
    if (begin.kind !== 'BEGIN' || end?.kind !== 'END' || begin.label !== end.label) {
      throw new KeyError('malformed', `PEM: ${begin.kind} ${begin.label} stands alone`)
    }
    blocks.push(toBlock(begin.label, lines.slice(begin.line + 1, end.line)))
  }
  return blocks
}

interface Edge {
  readonly kind: string
  readonly label: string
  readonly line: number
}

function findEdges(lines: readonly string[]): readonly Edge[] {
  return lines.flatMap((text, line) => {
    const [, kind, label = ''] = boundary.exec(text) ?? []
    if (kind !== undefined) return [{ kind, label, line }]
    if (text.includes('-----BEGIN') || text.includes('-----END')) throw crooked()
    return []
  })
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
