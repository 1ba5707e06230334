import { sendRefusal } from 'barre/transports/http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpRefusal } from 'barre/transports/http'

/** What the gateway itself answers, beside refusals of `auth`. */
const statusOf = {
  not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  internal_error: 500,
  bad_gateway: 502,
  gateway_timeout: 504,
} as const

export type AnswerCode = keyof typeof statusOf

/** One request on its way through, with the name that it has in logs, at the upstream and at the client. */
export interface Passage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
}

/** Answers a request that is not forwarded. */
export function answerWith(passage: Passage, code: AnswerCode, headers: HttpRefusal['headers'] = []): void {
  const body = JSON.stringify({ error: code, request_id: passage.requestId })
  send(passage, {
    status: statusOf[code],
    headers: [
      ...headers,
      ['cache-control', 'no-store'],
      ['content-type', 'application/json'],
      ['content-length', String(Buffer.byteLength(body))],
    ],
    body,
  })
}

/** Sends a refusal together with the request's id. */
export function send({ request, response, requestId }: Passage, refusal: HttpRefusal): void {
  if (response.headersSent) response.destroy()
  else response.setHeader('x-request-id', requestId)
  sendRefusal(request, response, refusal)
}
