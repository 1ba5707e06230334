import type { WebSocket } from 'ws'
import { isPromise } from '../../core/index.ts'
import type { CredentialSource, Need, Outgoing, Result } from '../../core/index.ts'
import { credentialHeaders, renewWith, toAuthorization } from '../fetch/index.ts'
import { isInBand, readAnswer, toAuthenticate } from './in-band.ts'
import type { InBandAnswer } from './in-band.ts'
import { gateMessages } from './message-gate.ts'

/** The part of a credential's remaining life after which the next one is sent. */
const renewalShare = 0.85
/** The least time between two tries, in milliseconds. */
const retryMinMs = 1000
/** How long before its known end a token may end (`expires_in` and `exp` are whole seconds), and the way there. */
const marginMs = 1500
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
  let isSecondTry = false
  let timer: NodeJS.Timeout | undefined
  const arm = (share: number, atLeastMs = retryMinMs): void => {
    const leftMs = endOf(accepted) - renewing.now()
    clearTimeout(timer)
    if (!(leftMs > 0) || leftMs === Number.POSITIVE_INFINITY) return
    const waitMs = Math.min(leftMs * share, leftMs - marginMs)
    timer = setTimeout(renew, Math.min(Math.max(waitMs, atLeastMs), timerMaxMs))
    timer.unref()
  }
  const send = (outgoing: Outgoing | undefined): void => {
    if (socket.readyState !== socket.OPEN) return
    if (outgoing === undefined) return arm(0.5)
    sent = outgoing
    const { authorization = '', ...proof } = Object.fromEntries(credentialHeaders(outgoing))
    socket.send(toAuthenticate({ authorization, ...proof }))
  }
  const sendNext = (result: Result<Outgoing>): void => {
    // A new proof makes no new token.
    const isNew = result.ok && (accepted === undefined || !isSameToken(result.value, accepted))
    send(isNew ? result.value : undefined)
  }
  const renew = (): void => {
    isSecondTry = false
    // The one at hand is what is to be replaced: `early` waits for the next.
    const result = source.credential({ ...need, early: true })
    if (isPromise(result)) void result.then(sendNext, () => arm(0.5))
    else sendNext(result)
  }
  const onRefused = ({ retryAfterSeconds = 0, headers }: Refused): void => {
    if (headers === undefined || isSecondTry || sent === undefined) return arm(0.5, retryAfterSeconds * 1000)
    isSecondTry = true
    const metadata = (name: string): readonly string[] => {
      const value: unknown = headers[name.toLowerCase()]
      return typeof value === 'string' ? [value] : []
    }
    renewWith(source, need, sent, metadata).then(send, () => arm(0.5))
  }
  gateMessages(socket, (message, isBinary) => {
    if (isBinary || !isInBand(message)) return true
    const answer = readAnswer(message)
    if (answer?.type === 'barre.refused') onRefused(answer)
    if (answer?.type === 'barre.authenticated') {
      accepted = sent
      arm(renewalShare)
    }
    return false
  })
  socket.once('close', () => clearTimeout(timer))
  arm(renewalShare)
}

type Refused = Extract<InBandAnswer, { readonly type: 'barre.refused' }>

function isSameToken(a: Outgoing, b: Outgoing): boolean {
  return toAuthorization(a) === toAuthorization(b)
}

function endOf(outgoing: Outgoing | undefined): number {
  if (outgoing?.kind !== 'token' || outgoing.expiresAtSeconds === undefined) return Number.POSITIVE_INFINITY
  return outgoing.expiresAtSeconds * 1000
}
