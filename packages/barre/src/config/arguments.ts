import { ConfigError } from '../core/index.ts'
import { canonicalKey } from './key-path.ts'
import { secretFileParameters } from './secret-source.ts'

/** What a program's own words say about its configuration. */
export interface ConfigArguments {
  /** `--config FILE`. */
  readonly file?: string
  /** `-e key=value`: texts by canonical key path; of several for one key the last. */
  readonly values: ReadonlyMap<string, string>
  /** `-e barre.config.secret=FILE`, under the original's names too. */
  readonly secretFile?: string
  /** `--keep-secret-file`. */
  readonly keepSecretFile: boolean
}

/**
 * Finds `--config FILE`, `-e key=value` (also `-ekey=value`) and `--keep-secret-file` among a program's words;
 * the others are the program's own. Nothing after `--` is looked at.
 */
export function readArguments(argv: readonly string[]): ConfigArguments {
  const values = new Map<string, string>()
  const found: { file?: string; secretFile?: string; keepSecretFile: boolean } = { keepSecretFile: false }
  for (let index = 0; index < argv.length && argv[index] !== '--'; index++) {
    const word = argv[index]!
    if (word === '--keep-secret-file') found.keepSecretFile = true
    else if (word === '--config') found.file = following(argv, ++index, '--config FILE')
    else if (word.startsWith('--config=')) found.file = word.slice('--config='.length)
    else if (word === '-e' || /^-e[^=]+=/.test(word)) {
      const given = word === '-e' ? following(argv, ++index, '-e key=value') : word.slice(2)
      const [key, value] = toPair(given)
      if (secretFileParameters.includes(key)) found.secretFile = value
      else values.set(key, value)
    }
  }
  return { ...found, values }
}

function following(argv: readonly string[], index: number, form: string): string {
  const word = argv[index]
  if (word === undefined || word === '--') throw new ConfigError('', `expected ${form}`)
  return word
}

/** The first `=` outside the brackets of an address separates. */
function toPair(given: string): readonly [key: string, value: string] {
  const { key, value } =
    /^(?<key>(?:\[[^\]]*\]|"(?:[^"\\]|\\.)*"|[^="[])+)=(?<value>.*)$/s.exec(given)?.groups ?? {}
  // The text itself is not quoted: it may hold a secret.
  if (key === undefined || value === undefined) throw new ConfigError('', 'expected key=value after -e')
  return [canonicalKey(key), value]
}
