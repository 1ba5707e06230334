import type { IncomingMessage, ServerResponse } from 'node:http'
import { HttpException } from '@nestjs/common'
import type { ExecutionContext } from '@nestjs/common'
import type { Awaitable, Decision, Policy, Principal } from '../../core/index.ts'
import { drain, hasLongBody, phrase, sendReply, serverOf, toCall } from '../http/index.ts'
import type { Checked, HttpRefusal, HttpSettings } from '../http/index.ts'
import type { Demands } from './demands.ts'
import { handlerOf } from './handlers.ts'
import type { Wire } from './wire.ts'

/** Middleware of the kind that parses bodies. */
export type Parser = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown

/** The requests of HTTP controllers, on Nest's platforms for Express and Fastify. */
export function httpWire(
  demands: Demands,
  checked: Checked,
  settings: HttpSettings,
  parsers: readonly Parser[],
): Wire {
  return {
    async enter(context) {
      const policy = demands.policyOf(handlerOf(context))
      const [request, response] = [requestOf(context), responseOf(context)]
      const decision = policy === undefined ? open : await decide(request, policy, checked, settings)
      if (!decision.ok) throw refuse(request, response, phrase(decision, settings))
      const given: { principal?: Principal | undefined } = context.switchToHttp().getRequest()
      given.principal = decision.principal
      sendReply(response, decision.reply)
      for (const parser of parsers) await parse(parser, request, response)
      return true
    },
  }
}

const open: Decision = { ok: true, reply: [] }

function decide(
  request: Request,
  policy: Policy,
  checked: Checked,
  settings: HttpSettings,
): Awaitable<Decision> {
  const path = (request.originalUrl ?? request.url ?? '').split('?', 1)[0]!
  return checked.decide(policy, toCall(request, path, settings), serverOf(request))
}

function refuse(request: Request, response: ServerResponse, refusal: HttpRefusal): HttpException {
  for (const [name, value] of refusal.headers) {
    if (!ofBody.has(name)) response.appendHeader(name, value)
  }
  if (hasLongBody(request)) response.setHeader('connection', 'close')
  drain(request)
  return new HttpException(JSON.parse(refusal.body) as Record<string, unknown>, refusal.status)
}

/** Nest writes the body of an exception, and its headers. */
const ofBody: ReadonlySet<string> = new Set(['content-type', 'content-length'])

type Request = IncomingMessage & { readonly originalUrl?: string; readonly raw?: IncomingMessage }

/** Node's request: Fastify wraps it, Express extends it. */
function requestOf(context: ExecutionContext): Request {
  const request: Request = context.switchToHttp().getRequest()
  return request.raw ?? request
}

function responseOf(context: ExecutionContext): ServerResponse {
  const response: ServerResponse & { readonly raw?: ServerResponse } = context.switchToHttp().getResponse()
  return response.raw ?? response
}

function parse(parser: Parser, request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    parser(request, response, (error) => (error === undefined ? resolve() : reject(error)))
  })
}
