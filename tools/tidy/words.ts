// Why: a word that is banned without its replacement is only an obstacle; each row says what to write
// instead.
import { parseSource } from '../source.ts'
import { lineAt } from '../workspace.ts'
import type { Finding, SourceFile } from '../workspace.ts'

interface BannedWord {
  readonly word: RegExp
  readonly instead: string
  /** The files it is looked for in. */
  readonly where: RegExp
  /** Files that may hold it. */
  readonly except?: RegExp
  /** Whether comments count. */
  readonly inComments?: boolean
}

const code = /\.[cm]?[tj]s$/
const shipped = /^packages\/.*\.[cm]?[tj]s$/
const tests = /\.test\.ts$|\/(?:test|fixtures)\//
/** The one place that reads the machine's clock, to be the default of `services.now`; tests mock it. */
const clock = /^packages\/barre\/src\/core\/clock\.ts$|\.test\.ts$/
const belowCli = /^packages\/(?!cli\/).*\.[cm]?[tj]s$/
/** Names that hold a secret; comparing one with `===` tells its prefix by the time it takes. */
const secretNames = '(?:token|secret|password|passwd|apiKey|mac|hmac)'

const bannedWords: readonly BannedWord[] = [
  { word: /(?<![\w.])Buffer\(/g, instead: 'Buffer.from or Buffer.alloc', where: code },
  { word: /\bMath\.random\b/g, instead: 'services.random', where: code },
  { word: /\bDate\.now\b|\bnew Date\(\)/g, instead: 'services.now()', where: belowCli, except: clock },
  { word: /\bprocess\.env\b/g, instead: 'an argument', where: belowCli, except: tests },
  {
    word: new RegExp(`[!=]==?\\s*(?:\\w+\\.)*${secretNames}\\b(?![.([])`, 'g'),
    instead: 'crypto.timingSafeEqual over digests',
    where: shipped,
    except: tests,
  },
  {
    word: new RegExp(
      `\\b${secretNames}\\s*[!=]==?\\s*(?!undefined\\b|null\\b|true\\b|false\\b)[A-Za-z_]`,
      'g',
    ),
    instead: 'crypto.timingSafeEqual over digests',
    where: shipped,
    except: tests,
  },
  {
    word: /@ts-(?:ignore|nocheck)\b/g,
    instead: '@ts-expect-error with its reason',
    where: code,
    inComments: true,
  },
  {
    word: /\b(?:test|it|describe|suite)\.only\(|\bonly: true\b/g,
    instead: 'the test without only',
    where: code,
  },
  {
    word: /\bTODO\b(?!.*#\d)|\bFIXME\b/g,
    instead: 'TODO #n, of an open issue',
    where: /./,
    inComments: true,
  },
  {
    word: /(?<![\w.~-])\/(?:work|tmp|root|home\/\w+|Users\/\w+)\/\w/g,
    instead: 'a path relative to import.meta.dirname, or os.tmpdir()',
    where: /./,
    inComments: true,
  },
  {
    word: /"resolved": "https?:/g,
    instead: 'a lock file without registry hosts (npm config set omit-lockfile-registry-resolved)',
    where: /package-lock\.json$/,
  },
]

/** Folders and files named for nothing. */
const emptyName = /(?:^|\/)(utils?|helpers?|common|misc|stuff)(?=\/|\.[cm]?[tj]s$)/

/** This folder names what it forbids. */
const own = /^tools\/tidy\//

export function checkWords(files: readonly SourceFile[]): readonly Finding[] {
  return files.flatMap((file) => [...checkName(file), ...(own.test(file.path) ? [] : checkText(file))])
}

function checkName({ path }: SourceFile): readonly Finding[] {
  const [, name] = emptyName.exec(path) ?? []
  return name === undefined ? [] : [{ path, problem: `"${name}" says nothing: name it after what it holds` }]
}

function checkText({ path, text }: SourceFile): readonly Finding[] {
  const rules = bannedWords.filter(({ where, except }) => where.test(path) && !except?.test(path))
  const findings: Finding[] = []
  const isCode = code.test(path) && !/\/fixtures\//.test(path)
  const bare = isCode ? parseSource(path, text).code : text
  for (const { word, instead, inComments = false } of rules) {
    const searched = inComments ? text : bare
    for (const { 0: found, index } of searched.matchAll(word)) {
      findings.push({ path, line: lineAt(searched, index), problem: `"${found.trim()}": write ${instead}` })
    }
  }
  return findings
}
