import { formMaxBytes } from '../form.ts'
import { refuse } from '../oauth-error.ts'
import { sendRefusal } from './answer.ts'
import type { Server } from 'node:http'
import type { FastifyServerOptions } from 'fastify'
import type { Desk } from '../desk.ts'
import type { OAuthRefusal } from '../oauth-error.ts'

const malformed = refuse('invalid_request', 'The request is malformed.').refusal
const tooLarge = refuse('invalid_request', 'The body is too large.', { status: 413 }).refusal
const noExpectation = refuse('invalid_request', 'This expectation cannot be met.', { status: 417 }).refusal

/**
 * Options of a server whose own refusals are in the words of RFC 6749 too: of a URL that cannot be decoded, of bytes
 * that are no HTTP.
 */
export function answerMalformed(
  desk: () => Desk,
): Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'> {
  return {
    frameworkErrors: (_error, _request, reply) => {
      reply.header('cache-control', 'no-store')
      void sendRefusal(reply, malformed, desk(), 'none')
    },
    clientErrorHandler(error, socket) {
      if (error.code === 'ECONNRESET' || socket.destroyed) return
      const body = toBody(malformed)
      const head = [
        'HTTP/1.1 400 Bad Request',
        ...Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}`),
      ]
      socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
    },
  }
}

/** Before a body is sent: one that is too long is refused instead of asked for. */
export function answerExpectations(server: Server): void {
  server.on('checkContinue', (request, response) => {
    if (Number(request.headers['content-length'] ?? 0) > formMaxBytes) {
      const body = toBody(tooLarge)
      response.writeHead(tooLarge.status, headersOf(body)).end(body)
      return
    }
    response.writeContinue()
    server.emit('request', request, response)
  })
  server.on('checkExpectation', (_request, response) => {
    const body = toBody(noExpectation)
    response.writeHead(noExpectation.status, headersOf(body)).end(body)
  })
}

function toBody({ error, description }: OAuthRefusal): string {
  return JSON.stringify({ error, error_description: description })
}

function headersOf(body: string): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': String(body.length),
    connection: 'close',
  }
}
