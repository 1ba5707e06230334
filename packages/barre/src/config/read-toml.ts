import { readFile } from 'node:fs/promises'
import { parse, TomlError } from 'smol-toml'
import { ConfigError } from '../core/index.ts'
import type { Shape } from '../core/index.ts'

/** Reads a TOML file of a shape. Throws ConfigError that names the file, or the field at fault. */
export async function readToml<T>(file: string, shape: Shape<T>): Promise<T> {
  const source = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ConfigError('', `cannot read ${file}`, { cause })
  })
  return shape.check(parseToml(source, file), '')
}

/** Parses TOML; `file` is what messages call it. Throws ConfigError that quotes nothing of it. */
export function parseToml(source: string, file: string): unknown {
  try {
    return parse(source)
  } catch (error) {
    // The parser's own message quotes the file, and a file may hold secrets.
    const where = error instanceof TomlError ? `line ${error.line}` : 'somewhere'
    throw new ConfigError('', `${file} is not TOML: see ${where}`)
  }
}
