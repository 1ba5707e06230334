import { defaultFieldResolver } from 'graphql'
import type { GraphQLField, GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import { ConfigError, meet, toDemand, watch } from '../../core/index.ts'
import type { Demand, Denial, PartAuth, Principal, Rules, Services } from '../../core/index.ts'
import { demandsOf, isFieldsType, isObjectType } from './demands.ts'
import { endStream } from './end-stream.ts'
import { guardMetaFields } from './meta-fields.ts'
import { refuseField } from './refusal.ts'

/** What a field demands, or the questions about the schema. */
export type FieldAuth = PartAuth

export interface SchemaOptions {
  /** Who is calling, from the context value that the server makes; default: its `principal`. */
  readonly principalOf?: (context: unknown) => Principal | undefined
  /** What `__schema` and `__type` demand; default `true`. */
  readonly introspect?: FieldAuth
}

/** Judges the fields of one schema. */
interface FieldGuard {
  readonly principalOf: (context: unknown) => Principal | undefined
  readonly services: Pick<Services, 'now' | 'revocations'>
}

type Resolver = GraphQLFieldResolver<unknown, unknown>
type Field = GraphQLField<unknown, unknown>

const schemas = new WeakSet<GraphQLSchema>()

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
  if (schemas.has(schema)) throw new ConfigError('', 'the schema is guarded already')
  const { principalOf = readPrincipal, introspect = true } = options
  const guard = { principalOf, services }
  const questions = [toDemand(rules, introspect, 'introspect')]
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
  schemas.add(schema)
  guardMetaFields(schema, (context, field) => admit(guard, questions, context, field))
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
