import type { GraphQLField, GraphQLNamedType, GraphQLSchema } from 'graphql'
import { ConfigError, isRecord, toDemand } from '../../core/index.ts'
import type { Demand, Rules } from '../../core/index.ts'

/** A type with fields that are resolved. */
export type FieldsType = GraphQLNamedType & {
  getFields(): Readonly<Record<string, GraphQLField<unknown, unknown>>>
  getInterfaces(): readonly FieldsType[]
}

/** The directive that schemas in SDL put `auth` with; without an argument it asks for a principal. */
export const authDirective = `"Who may use a field, or the fields of a type."
directive @auth(scopes: [String!], all: [String!], optional: Boolean) on OBJECT | INTERFACE | FIELD_DEFINITION
`

/** By tag, not by class: the schema may come from another copy of `graphql` than ours. */
export function isFieldsType(type: GraphQLNamedType): type is FieldsType {
  const tag = (type as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag]
  return (tag === 'GraphQLObjectType' || tag === 'GraphQLInterfaceType') && !type.name.startsWith('__')
}

export function isObjectType(type: FieldsType): boolean {
  return (type as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'GraphQLObjectType'
}

/**
 * What a field of an object demands, all of it: what it says itself, what its type says, and the same of every
 * interface that has it. `auth: false` on the field itself opens it in its type. A root field of which nothing is said
 * asks for a principal.
 */
export function demandsOf(
  schema: GraphQLSchema,
  type: FieldsType,
  field: GraphQLField<unknown, unknown>,
  rules: Rules,
): readonly Demand[] {
  const own = readAuth(field, `${type.name}.${field.name}`)
  const said = [own === false ? undefined : readAuth(type, type.name), own]
  for (const parent of type.getInterfaces()) {
    const declared = parent.getFields()[field.name]
    if (declared === undefined) continue
    said.push(readAuth(parent, parent.name), readAuth(declared, `${parent.name}.${field.name}`))
  }
  const declared = said.filter((auth) => auth !== undefined)
  if (declared.length === 0 && isRoot(schema, type)) declared.push(true)
  return declared.map((auth) => toDemand(rules, auth, `${type.name}.${field.name}`)).filter(isDemanding)
}

function isDemanding({ isOpen, scopes, stepUp }: Demand): boolean {
  return !isOpen || scopes !== undefined || stepUp !== undefined
}

function isRoot(schema: GraphQLSchema, { name }: FieldsType): boolean {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  return roots.some((root) => root?.name === name)
}

interface Declared {
  readonly extensions?: Readonly<Record<string, unknown>> | undefined
  readonly astNode?: { readonly directives?: readonly Directive[] | undefined } | null | undefined
  readonly extensionASTNodes?:
    | readonly { readonly directives?: readonly Directive[] | undefined }[]
    | undefined
}

interface Directive {
  readonly name: { readonly value: string }
  readonly arguments?:
    | readonly { readonly name: { readonly value: string }; readonly value: ValueNode }[]
    | undefined
}

interface ValueNode {
  readonly kind: string
  readonly value?: unknown
  readonly values?: readonly ValueNode[]
}

/** What is said in `extensions.auth`, or in `@auth`; both would be two rules for one thing. */
function readAuth(declared: Declared, path: string): unknown {
  const { auth } = declared.extensions ?? {}
  const nodes = [declared.astNode, ...(declared.extensionASTNodes ?? [])]
  const directives = nodes
    .flatMap((node) => node?.directives ?? [])
    .filter(({ name }) => name.value === 'auth')
  const [directive, second] = directives
  if (directive === undefined) return auth
  if (auth !== undefined || second !== undefined) throw new ConfigError(path, 'expected one auth, found two')
  return fromDirective(directive, path)
}

function fromDirective({ arguments: given = [] }: Directive, path: string): unknown {
  const { scopes, all, optional, ...others } = Object.fromEntries(
    given.map(({ name, value }) => [name.value, plain(value)]),
  )
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new ConfigError(path, `@auth has no argument ${unknown}`)
  if (scopes !== undefined && all !== undefined)
    throw new ConfigError(path, 'expected scopes or all, found both')
  const says = {
    ...(scopes !== undefined && { scopes }),
    ...(all !== undefined && { scopes: { all } }),
    ...(optional !== undefined && { optional }),
  }
  return isRecord(says) && Object.keys(says).length === 0 ? true : says
}

function plain({ value, values }: ValueNode): unknown {
  return values === undefined ? value : values.map(plain)
}
