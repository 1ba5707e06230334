import { ConfigError, isRecord, Secret } from '../core/index.ts'
import { isEncrypted } from './encrypted-value.ts'
import { appendName } from './key-path.ts'
import { toFlag, toNumber, variableOf } from './override.ts'
import type { JsonSchema } from '../core/index.ts'
import type { Leaf, Node } from './document.ts'
import type { Environment } from './override.ts'

/**
 * The plain data of a node, as a shape's JSON Schema wants it: texts from outside the file become numbers
 * where numbers are wanted, and what the schema calls `writeOnly` becomes a Secret. Members that the file
 * lacks are looked for in the environment.
 */
export function toData(node: Node, schema: JsonSchema, env: Environment): unknown {
  if (node.kind === 'leaf') return toScalar(node, schema)
  if (node.kind === 'list') return node.entries.map((entry) => toData(entry, itemSchema(schema), env))
  const data: Record<string, unknown> = {}
  for (const [name, member] of node.members)
    setOwn(data, name, toData(member, memberSchema(schema, name), env))
  for (const [name, member] of Object.entries(propertiesOf(schema))) {
    if (node.members.has(name)) continue
    const value = fromEnvironment(appendName(node.path, name), member, env)
    if (value !== undefined) setOwn(data, name, value)
  }
  return data
}

/** What the environment says of a key that no other source has; `undefined` when it says nothing. */
export function fromEnvironment(path: string, schema: JsonSchema, env: Environment): unknown {
  const name = variableOf(path)
  const value = name === undefined ? undefined : env[name]
  const source = `environment variable ${name}`
  if (value !== undefined && wantsScalar(schema)) {
    if (isEncrypted(value)) {
      // Values are opened when the configuration is loaded, and only now is this one known to belong to it.
      throw new ConfigError(
        path,
        `give this encrypted value in the file or with -e ${path}=..., not in ${source}`,
      )
    }
    return toScalar({ kind: 'leaf', path, type: 'open', value, source }, schema)
  }
  const data: Record<string, unknown> = {}
  for (const [member, inner] of Object.entries(propertiesOf(schema))) {
    const found = fromEnvironment(appendName(path, member), inner, env)
    if (found !== undefined) setOwn(data, member, found)
  }
  return Object.keys(data).length === 0 ? undefined : data
}

// A plain assignment to `__proto__` would set the prototype.
function setOwn(data: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(data, name, { value, enumerable: true, configurable: true, writable: true })
}

function toScalar({ value, type }: Leaf, schema: JsonSchema): unknown {
  const wanted = scalarTypes(schema)
  const isSecret = branchesOf(schema).some((branch) => branch['writeOnly'] === true)
  if (value instanceof Secret) {
    return isSecret || wanted.size === 0 ? value : fromText(value.reveal(), wanted)
  }
  if (typeof value !== 'string') return value
  if (isSecret && value !== '') return new Secret(value)
  return type === 'open' ? fromText(value, wanted) : value
}

function fromText(text: string, wanted: ReadonlySet<unknown>): unknown {
  if (wanted.has('string')) return text
  const number = wanted.has('number') || wanted.has('integer') ? toNumber(text) : undefined
  const flag = wanted.has('boolean') ? toFlag(text) : undefined
  return number ?? flag ?? text
}

function wantsScalar(schema: JsonSchema): boolean {
  return [...scalarTypes(schema)].some((type) => type !== 'object' && type !== 'array')
}

function scalarTypes(schema: JsonSchema): ReadonlySet<unknown> {
  return new Set(
    branchesOf(schema).flatMap((branch) => {
      const values = Array.isArray(branch['enum']) ? (branch['enum'] as unknown[]) : []
      const types = values.map((value) => typeof value)
      return branch['type'] === undefined ? types : [branch['type'], ...types]
    }),
  )
}

function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  const branches = schema['anyOf']
  return Array.isArray(branches) ? (branches as JsonSchema[]).flatMap(branchesOf) : [schema]
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  const { properties } = schema as { properties?: Readonly<Record<string, JsonSchema>> }
  return properties ?? {}
}

function memberSchema(schema: JsonSchema, name: string): JsonSchema {
  const found = branchesOf(schema).flatMap((branch) => {
    const properties = propertiesOf(branch)
    const member = Object.hasOwn(properties, name) ? properties[name] : branch['additionalProperties']
    return isRecord(member) ? [member] : []
  })
  return merge(found)
}

function itemSchema(schema: JsonSchema): JsonSchema {
  const found = branchesOf(schema).flatMap(({ items }) => (isRecord(items) ? [items] : []))
  return merge(found)
}

function merge(schemas: readonly JsonSchema[]): JsonSchema {
  return schemas.length === 1 ? schemas[0]! : { anyOf: schemas }
}
