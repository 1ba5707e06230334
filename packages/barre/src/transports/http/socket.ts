import type { Duplex } from 'node:stream'
import { isPromise } from '../../core/index.ts'
import type { Awaitable } from '../../core/index.ts'
import { writeRefusal } from './refusal.ts'
import type { HttpRefusal } from './refusal.ts'

/**
 * For connections that leave HTTP: hands the socket over, or refuses on it. Nothing on the socket handles errors until
 * its listener has it.
 */
export function serveSocket(
  socket: Duplex,
  refusal: Awaitable<HttpRefusal | undefined>,
  proceed: () => unknown,
): void {
  socket.on('error', ignore)
  settle(refusal, (known) => {
    socket.removeListener('error', ignore)
    if (socket.destroyed) return
    if (known === undefined) proceed()
    else writeRefusal(socket, known)
  })
}

/** After a wait, `next` runs outside the promise: what a handler throws is then as uncaught as without a guard. */
export function settle<T>(verdict: Awaitable<T>, next: (verdict: T) => void): void {
  if (isPromise(verdict)) void verdict.then((known) => process.nextTick(next, known))
  else next(verdict)
}

function ignore(): void {}
