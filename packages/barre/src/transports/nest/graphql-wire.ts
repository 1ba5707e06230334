import type { IncomingMessage, ServerResponse } from 'node:http'
import { HttpException } from '@nestjs/common'
import { chain, ConfigError, meet, refuse, toDemand } from '../../core/index.ts'
import type { Awaitable, Decision, Demand, Denial, Principal, Rules } from '../../core/index.ts'
import { sendReply, serverOf, toCall } from '../http/index.ts'
import type { Checked, HttpSettings } from '../http/index.ts'
import type { Demands } from './demands.ts'
import { handlerOf } from './handlers.ts'
import type { Handlers, Resolver } from './handlers.ts'
import type { Wire } from './wire.ts'

export interface GraphqlWire extends Wire {
  /** Throws ConfigError for a resolver that Nest would run without asking. */
  check(): void
  /** Guards `__schema` and `__type`, which no resolver of Nest's answers, once the schemas are built. */
  guardSchemas(introspect: unknown): Promise<void>
}

interface Guarding {
  readonly rules: Rules
  readonly demands: Demands
  readonly handlers: Handlers
  readonly checked: Checked
  readonly settings: HttpSettings
}

/** The resolvers of GraphQL. Who is calling is decided once for a request, what they may have at each resolver. */
export function graphqlWire(guarding: Guarding): GraphqlWire {
  const { rules, demands, handlers } = guarding
  const decide = decideOnce(guarding)
  /** Lets in who meets a demand; throws the error of the field. */
  const admit = async (context: GraphqlContext, demand: Demand, coordinate: string): Promise<void> => {
    const decision = await decide(context)
    const principal = decision.ok ? decision.principal : undefined
    const denial = decision.ok ? meet(demand, principal) : decision.denial
    if (denial !== undefined) throw await toError(denial, coordinate)
    context.principal = principal
  }
  return {
    async enter(context) {
      const handler = handlerOf(context)
      const demand = demands.fieldOf(handler)
      if (demands.policyOf(handler) === undefined) return true
      // The last but one of what GraphQL hands to a resolver, whatever comes before it.
      const given = context.getArgs<unknown[]>().at(-2)
      await admit(Object(given) as GraphqlContext, demand, handler.name)
      return true
    },
    check() {
      for (const resolver of handlers.ofResolvers()) {
        demands.fieldOf(resolver)
        const problem = problemOf(resolver, demands, handlers)
        if (problem !== undefined) throw new ConfigError(`${resolver.name} Auth`, problem)
      }
    },
    async guardSchemas(introspect) {
      const schemas = handlers.schemas()
      if (schemas.length === 0 || introspect === false) return
      const { guardMetaFields, areMetaFieldsGuarded } = await import('../graphql/index.ts')
      const demand = toDemand(rules, introspect, 'introspect')
      for (const schema of schemas as Parameters<typeof guardMetaFields>[0][]) {
        if (areMetaFieldsGuarded(schema)) continue
        guardMetaFields(schema, (context, field) => admit(Object(context) as GraphqlContext, demand, field))
      }
    },
  }
}

/** What Nest's drivers put into the context value of a request, and what we do. */
interface GraphqlContext {
  readonly req?: unknown
  readonly request?: unknown
  readonly res?: unknown
  readonly reply?: { readonly request?: unknown; readonly raw?: unknown }
  principal?: Principal | undefined
}

/** Decides who is calling, once for a request: a batch, or a query of many aliases, is one attempt. */
function decideOnce({
  rules,
  checked,
  settings,
}: Guarding): (context: GraphqlContext) => Awaitable<Decision> {
  const decisions = new WeakMap<IncomingMessage, Awaitable<Decision>>()
  return (context) => {
    const request = requestOf(context)
    if (request === undefined) return noRequest
    const known = decisions.get(request)
    if (known !== undefined) return known
    const policy = rules.policyFor({ optional: true }, 'auth')!
    const path = (request.originalUrl ?? request.url ?? '').split('?', 1)[0]!
    const call = toCall(request, path, settings)
    const decision = chain(checked.decide(policy, call, serverOf(request)), (made) => {
      const response = responseOf(context)
      if (response?.headersSent === false) sendReply(response, made.reply)
      return made
    })
    decisions.set(request, decision)
    return decision
  }
}

const noRequest: Decision = {
  ...refuse('unavailable', 'the context value of GraphQL has no request: neither req, request nor reply'),
  challenges: [],
  reply: [],
}

function requestOf({ req, request, reply }: GraphqlContext): Request | undefined {
  const found = Object(req ?? request ?? reply?.request) as Request & { readonly raw?: Request }
  const node = found.raw ?? found
  return Array.isArray(node.rawHeaders) && typeof node.socket === 'object' ? node : undefined
}

type Request = IncomingMessage & { readonly originalUrl?: string }

function responseOf({ res, reply }: GraphqlContext): ServerResponse | undefined {
  const response = Object(res ?? reply?.raw) as Partial<ServerResponse>
  return typeof response.appendHeader === 'function' ? (response as ServerResponse) : undefined
}

/** An exception of Nest's, which it does not log as a bug; GraphQL takes its extensions over. */
async function toError(denial: Denial, coordinate: string): Promise<HttpException> {
  const { announceField } = await import('../graphql/index.ts')
  const { message, extensions } = announceField(denial, coordinate)
  const status = denial.code === 'insufficient_scope' ? 403 : 401
  return Object.assign(new HttpException(message, status), { extensions })
}

function problemOf(resolver: Resolver, demands: Demands, handlers: Handlers): string | undefined {
  const { kind } = resolver
  if (kind === 'root' || demands.policyOf(resolver) === undefined) return undefined
  if (kind === 'subscription') {
    return 'a subscription outlives its request: guard it by the schema (barre/graphql), and say Auth(false) here'
  }
  if ((kind === 'field' && demands.isSilent(resolver)) || handlers.areFieldsGuarded()) return undefined
  return "Nest asks its guards about fields below the roots only with fieldResolverEnhancers: ['guards']"
}
