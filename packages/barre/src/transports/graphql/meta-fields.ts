import { SchemaMetaFieldDef, TypeMetaFieldDef } from 'graphql'
import type { GraphQLResolveInfo, GraphQLSchema } from 'graphql'
import { chain } from '../../core/index.ts'

/** Lets somebody ask about a schema, by the context value of the request; or throws, or rejects. */
export type Admit = (context: unknown, field: string) => unknown

const guards = new WeakMap<GraphQLSchema, Admit>()
let isWrapped = false

/**
 * Guards `__schema` and `__type`. `graphql` resolves these two fields itself, for every schema, and asks no server
 * first. Schemas that are not guarded are resolved as before.
 */
export function guardMetaFields(schema: GraphQLSchema, admit: Admit): void {
  guards.set(schema, admit)
  if (isWrapped) return
  isWrapped = true
  for (const field of [SchemaMetaFieldDef, TypeMetaFieldDef]) {
    const resolve = field.resolve!
    field.resolve = (source: unknown, args, context: unknown, info: GraphQLResolveInfo): unknown =>
      chain(guards.get(info.schema)?.(context, field.name), () => resolve(source, args, context, info))
  }
}

export function areMetaFieldsGuarded(schema: GraphQLSchema): boolean {
  return guards.has(schema)
}
