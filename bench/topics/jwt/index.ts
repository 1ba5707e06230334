import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask } from '../../runner/child.ts'
import { libraries } from './libraries/index.ts'
import { issueTokens } from './tokens.ts'
import type { Measured, Row, Table, Target, Topic } from '../../runner/topic.ts'
import type { Library } from './libraries/library.ts'
import type { Algorithm } from './tokens.ts'

const verifyProcess = join(import.meta.dirname, 'verify-process.ts')
const memoryProcess = join(import.meta.dirname, 'memory-process.ts')
const algorithms: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256']
const tokenCount = 1000
const growthMaxMb = 1

/** Verifying a token: new, seen before, and a million of them. */
export const jwt: Topic = {
  async prepare() {
    const folder = mkdtempSync(join(tmpdir(), 'barre-bench-'))
    const files = algorithms.map((algorithm) => {
      const file = join(folder, `${algorithm}.json`)
      writeFileSync(file, JSON.stringify(issueTokens(algorithm, tokenCount)))
      return file
    })
    return {
      tables: [
        ...algorithms.map((algorithm, index) => newTokens(algorithm, files[index] ?? '')),
        seenTokens(files[0] ?? ''),
        memory(),
      ],
      close: async () => rmSync(folder, { recursive: true }),
    }
  },
}

function newTokens(algorithm: Algorithm, file: string): Table {
  const most = algorithm === 'HS256' ? 3 : 1.2
  const able = libraries.filter((library) => library.algorithms?.includes(algorithm) ?? true)
  return {
    title: `${algorithm}: a token not seen before`,
    unit: 'us',
    rows: able.map((library) =>
      toRow(library, [library.name, 'new', file], {
        text: `<= ${most.toFixed(2)} and ahead`,
        holds: ({ ratio = { median: NaN } }, of) => ratio.median <= most && isAhead(of, able),
      }),
    ),
  }
}

function seenTokens(file: string): Table {
  const able = libraries.filter((library) => library.toCachedVerify !== undefined)
  return {
    title: 'RS256: a token seen before',
    unit: 'us',
    rows: able.map((library) =>
      toRow(library, [library.name, 'seen', file], {
        text: '<= 1.5 us and ahead',
        holds: ({ figure }, of) => figure <= 1.5 && isAhead(of, able),
      }),
    ),
  }
}

function toRow(library: Library, args: readonly string[], target: Target): Row {
  return {
    name: library.name,
    measure: () => ask<number>(verifyProcess, args),
    ...(library.isLimit !== true && { limit: (figureOf) => figureOf('primitives') }),
    ...(library.name === 'barre' && { target }),
  }
}

/** A peer that could not be measured is not beaten. */
function isAhead(of: (row: string) => Measured | undefined, rivals: readonly Library[]): boolean {
  const own = of('barre')?.figure ?? Infinity
  const peers = rivals.filter(({ name, isLimit }) => name !== 'barre' && isLimit !== true)
  return peers.every(({ name }) => own < (of(name)?.figure ?? 0))
}

function memory(): Table {
  const able = libraries.filter(({ toCachedVerify, isLimit }) => toCachedVerify && isLimit !== true)
  return {
    title: 'memory: growth from the 100,000th to the 1,000,000th different token, 10,000 remembered',
    unit: 'MB',
    rounds: 1,
    rows: able.map(({ name }) => ({
      name,
      measure: () => ask<number>(memoryProcess, [name], ['--expose-gc']),
      ...(name === 'barre' && {
        target: { text: `<= ${growthMaxMb} MB`, holds: ({ figure }: Measured) => figure <= growthMaxMb },
      }),
    })),
  }
}
