import { toCall } from 'barre/http'
import type { FastifyRequest } from 'fastify'
import type { Call } from 'barre/core'
import type { Desk } from '../desk.ts'

/** A request as the rest of Barre sees one: headers as they were sent, the address behind trusted proxies. */
export function callOf({ raw }: FastifyRequest, { http }: Pick<Desk, 'http'>): Call {
  return toCall(raw, '', http)
}

/** The address that limits and the audit know a caller by. */
export function addressOf(request: FastifyRequest, desk: Pick<Desk, 'http'>): string {
  return callOf(request, desk).peer.address ?? ''
}
