import type { WebSocket } from 'ws'
import { isPromise } from '../../core/index.ts'
import type { CredentialSource, Need, Outgoing, Result } from '../../core/index.ts'
import { isSame, toAuthorization } from '../fetch/index.ts'
import { isInBand, readAnswer, toAuthenticate } from './in-band.ts'
import { gateMessages } from './message-gate.ts'

/** The part of a credential's remaining life after which the next one is sent. */
const renewalShare = 0.85
/** The least time between two tries, in milliseconds. */
const retryMinMs = 1000
/** The longest delay that a Node timer takes, in milliseconds. */
const timerMaxMs = 2 ** 31 - 1

interface Renewing {
  readonly source: CredentialSource
  readonly need: Need
  now(): number
}

/**
 * Keeps the credential of an open connection good. Where the next one cannot be had, or cannot be judged by the server
 * now, it is tried again in half of the time that is left; the server closes the connection when none is.
 */
export function renewInBand(socket: WebSocket, renewing: Renewing, first: Outgoing | undefined): void {
  const { source, need } = renewing
  let accepted = first
  let sent = first
  let timer: NodeJS.Timeout | undefined
  const arm = (share: number, atLeastMs = retryMinMs): void => {
    const leftMs = endOf(accepted) - renewing.now()
    clearTimeout(timer)
    if (!(leftMs > 0) || leftMs === Number.POSITIVE_INFINITY) return
    timer = setTimeout(renew, Math.min(Math.max(leftMs * share, atLeastMs), timerMaxMs))
    timer.unref()
  }
  const send = (result: Result<Outgoing>): void => {
    if (socket.readyState !== socket.OPEN) return
    if (!result.ok || (accepted !== undefined && isSame(result.value, accepted))) return arm(0.5)
    sent = result.value
    socket.send(toAuthenticate(toAuthorization(sent)))
  }
  const renew = (): void => {
    const result = source.credential(need)
    if (isPromise(result)) void result.then(send, () => arm(0.5))
    else send(result)
  }
  gateMessages(socket, (message, isBinary) => {
    if (isBinary || !isInBand(message)) return true
    const answer = readAnswer(message)
    if (answer?.type === 'barre.refused') arm(0.5, (answer.retryAfterSeconds ?? 0) * 1000)
    if (answer?.type === 'barre.authenticated') {
      accepted = sent
      arm(renewalShare)
    }
    return false
  })
  socket.once('close', () => clearTimeout(timer))
  arm(renewalShare)
}

function endOf(outgoing: Outgoing | undefined): number {
  if (outgoing?.kind !== 'token' || outgoing.expiresAtSeconds === undefined) return Number.POSITIVE_INFINITY
  return outgoing.expiresAtSeconds * 1000
}
