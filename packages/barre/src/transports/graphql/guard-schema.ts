import { defaultFieldResolver, GraphQLError, SchemaMetaFieldDef, TypeMetaFieldDef } from 'graphql'
import type { GraphQLField, GraphQLFieldResolver, GraphQLResolveInfo, GraphQLSchema } from 'graphql'
import { announce, ConfigError, meet, toDemand, watch } from '../../core/index.ts'
import type { Call, Demand, Denial, Principal, Rules, Services } from '../../core/index.ts'
import { demandsOf, isFieldsType, isObjectType } from './demands.ts'
import { endStream } from './end-stream.ts'

/** What a field demands, or the questions about the schema: `false` nothing, `true` a principal. */
export type FieldAuth =
  | boolean
  | { readonly scopes: NonNullable<Demand['scopes']>; readonly optional?: boolean }
  | { readonly scopes?: NonNullable<Demand['scopes']>; readonly optional: boolean }

export interface SchemaOptions {
  /** Who is calling, from the context value that the server makes; default: its `principal`. */
  readonly principalOf?: (context: unknown) => Principal | undefined
  /** What `__schema` and `__type` demand; default `true`. */
  readonly introspect?: FieldAuth
}

/** Judges the fields of one schema. */
interface FieldGuard {
  readonly principalOf: (context: unknown) => Principal | undefined
  readonly introspect: Demand
  readonly services: Pick<Services, 'now' | 'revocations'>
}

type Resolver = GraphQLFieldResolver<unknown, unknown>
type Field = GraphQLField<unknown, unknown>

const guards = new WeakMap<GraphQLSchema, FieldGuard>()

/**
 * Guards the fields of a schema by what they declare, in place, and returns it. Resolvers that are put on its fields
 * later are guarded too; a schema that is made from it has to be guarded again. Throws ConfigError, with the field.
 */
export function guardSchema(
  rules: Rules,
  schema: GraphQLSchema,
  services: Pick<Services, 'now' | 'revocations'>,
  options: SchemaOptions = {},
): GraphQLSchema {
  if (guards.has(schema)) throw new ConfigError('', 'the schema is guarded already')
  const { principalOf = readPrincipal, introspect = true } = options
  const guard = { principalOf, services, introspect: toDemand(rules, introspect, 'introspect') }
  const types = Object.values(schema.getTypeMap()).filter(isFieldsType).filter(isObjectType)
  const plans = types.flatMap((type) =>
    Object.values(type.getFields()).map((field) => ({
      field,
      coordinate: `${type.name}.${field.name}`,
      isSubscription: schema.getSubscriptionType()?.name === type.name,
      demands: demandsOf(schema, type, field, rules),
    })),
  )
  // All of the schema has been read by now: a mistake leaves none of it half guarded.
  for (const { field, demands, coordinate, isSubscription } of plans) {
    if (demands.length === 0) continue
    guardResolver(field, guard, demands, coordinate)
    if (isSubscription) guardSubscribe(field, guard, demands, coordinate)
  }
  guards.set(schema, guard)
  guardIntrospection()
  return schema
}

function readPrincipal(context: unknown): Principal | undefined {
  return (Object(context) as { readonly principal?: Principal }).principal
}

/** An accessor, not a value: servers put resolvers on fields after the schema was made. */
function guardResolver(
  field: Field,
  guard: FieldGuard,
  demands: readonly Demand[],
  coordinate: string,
): void {
  let guarded = wrap(field.resolve ?? undefined)
  function wrap(resolve: Resolver | undefined): Resolver {
    return (source, args, context, info) => {
      admit(guard, demands, context, coordinate)
      return (resolve ?? defaultFieldResolver)(source, args, context, info)
    }
  }
  Object.defineProperty(field, 'resolve', {
    enumerable: true,
    get: () => guarded,
    set(resolve: Resolver | undefined) {
      if (resolve !== guarded) guarded = wrap(resolve)
    },
  })
}

/** The stream of a subscription ends with the credential of who subscribed. */
function guardSubscribe(
  field: Field,
  guard: FieldGuard,
  demands: readonly Demand[],
  coordinate: string,
): void {
  let guarded = wrap(field.subscribe ?? undefined)
  function wrap(subscribe: Resolver | undefined): Resolver {
    return async (source, args, context, info) => {
      const principal = admit(guard, demands, context, coordinate)
      const stream: unknown = await (subscribe ?? defaultFieldResolver)(source, args, context, info)
      if (principal === undefined || !isStream(stream)) return stream
      return endStream(stream, (end) =>
        watchCaller(guard, context, principal, (denial) => end(refuseField(denial, coordinate))),
      )
    }
  }
  Object.defineProperty(field, 'subscribe', {
    enumerable: true,
    get: () => guarded,
    set(subscribe: Resolver | undefined) {
      if (subscribe !== guarded) guarded = wrap(subscribe)
    },
  })
}

/** Watches who is calling; where the credential was renewed in between, the new one. */
function watchCaller(
  guard: FieldGuard,
  context: unknown,
  principal: Principal,
  onEnd: (denial: Denial) => void,
): () => void {
  let dispose: (() => void) | undefined
  const follow = (watched: Principal): void => {
    let hasEnded = false
    const stop = watch(
      watched,
      (denial) => {
        hasEnded = true
        const current = guard.principalOf(context)
        const isRenewed = current !== undefined && current !== watched && current.id === watched.id
        if (isRenewed && denial.code === 'expired') follow(current)
        else onEnd(denial)
      },
      guard.services,
    )
    if (hasEnded) stop()
    else dispose = stop
  }
  follow(principal)
  return () => dispose?.()
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof (Object(value) as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === 'function'
}

function admit(
  guard: FieldGuard,
  demands: readonly Demand[],
  context: unknown,
  coordinate: string,
): Principal | undefined {
  const principal = guard.principalOf(context)
  for (const demand of demands) {
    const denial = meet(demand, principal)
    if (denial !== undefined) throw refuseField(denial, coordinate)
  }
  return principal
}

/** A refusal as GraphQL says it; the denial's detail stays here. */
function refuseField(denial: Denial, coordinate: string): GraphQLError {
  announce(toFieldCall(coordinate), { ok: false, denial, challenges: [], reply: [] })
  if (denial.code !== 'insufficient_scope') {
    return new GraphQLError('Authentication is required.', { extensions: { code: 'UNAUTHENTICATED' } })
  }
  const { scopes } = denial
  return new GraphQLError('The caller lacks a scope.', {
    extensions: { code: 'FORBIDDEN', ...(scopes !== undefined && { scopes }) },
  })
}

/** A field as the audit sees it: the request that asked for it had a decision of its own. */
function toFieldCall(coordinate: string): Call {
  return {
    method: 'FIELD',
    target: coordinate,
    signal: new AbortController().signal,
    peer: { encrypted: false },
    metadata: () => [],
  }
}

let isIntrospectionGuarded = false

/**
 * `graphql` resolves these two fields itself, for every schema, and asks no server first. Schemas that are not guarded
 * are resolved as before.
 */
function guardIntrospection(): void {
  if (isIntrospectionGuarded) return
  isIntrospectionGuarded = true
  for (const field of [SchemaMetaFieldDef, TypeMetaFieldDef]) {
    const resolve = field.resolve!
    field.resolve = (source: unknown, args, context: unknown, info: GraphQLResolveInfo): unknown => {
      const guard = guards.get(info.schema)
      if (guard !== undefined) admit(guard, [guard.introspect], context, field.name)
      return resolve(source, args, context, info)
    }
  }
}
