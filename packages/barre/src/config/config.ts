import { ConfigError } from '../core/index.ts'
import { findNode } from './document.ts'
import { canonicalKey } from './key-path.ts'
import { variableOf } from './override.ts'
import { fromEnvironment, toData } from './read-value.ts'
import type { OptionalShape, Shape } from '../core/index.ts'
import type { Document } from './document.ts'
import type { Environment } from './override.ts'

/** A loaded configuration. Keys are written `server.port`, `users[username=alice].password`, `users[0]`. */
export interface Config {
  /**
   * The value at a key, checked; the key `''` is all of it. An optional shape gives `undefined` where there is
   * none. Throws ConfigError that names the key and where its value came from.
   */
  read<T>(key: string, shape: OptionalShape<T>): T | undefined
  read<T>(key: string, shape: Shape<T>): T
  /** Whether a source has the key. */
  has(key: string): boolean
  /** Where the value at a key came from, for people; `undefined` for a table or an absent key. */
  source(key: string): string | undefined
}

export function createConfig(document: Document, env: Environment): Config {
  function source(key: string): string | undefined {
    const node = findNode(key, document)
    if (node !== undefined) return node.kind === 'leaf' ? node.source : undefined
    const name = variableOf(canonicalKey(key))
    return name !== undefined && env[name] !== undefined ? `environment variable ${name}` : undefined
  }

  function read<T>(key: string, shape: Shape<T> | OptionalShape<T>): T | undefined {
    const node = findNode(key, document)
    const path = node?.path ?? canonicalKey(key)
    const data = node === undefined ? fromEnvironment(path, shape.json, env) : toData(node, shape.json, env)
    if (data === undefined) {
      if ('optional' in shape) return undefined
      throw new ConfigError(path, 'required, but no source has it')
    }
    try {
      return shape.check(data, path)
    } catch (error) {
      throw error instanceof ConfigError ? withSource(error, source) : error
    }
  }

  return {
    read,
    has: (key) => findNode(key, document) !== undefined || source(key) !== undefined,
    source,
  }
}

function withSource(error: ConfigError, sourceOf: (key: string) => string | undefined): ConfigError {
  const found = error.path === '' ? undefined : trySource(error.path, sourceOf)
  if (found === undefined) return error
  const problem = error.message.slice(error.path.length + 2)
  return new ConfigError(error.path, `${problem} (from ${found})`, { cause: error })
}

// A path that a shape made may hold names that would have to be quoted in a key.
function trySource(path: string, sourceOf: (key: string) => string | undefined): string | undefined {
  try {
    return sourceOf(path)
  } catch {
    return undefined
  }
}
