import { subscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'

/** Where `@platformatic/kafka` announces what it makes. */
const instances = 'plt:kafka:instances'

let isListening = false

/**
 * Listens to the errors of every connection of `@platformatic/kafka`. The library tells whoever waits of a lost
 * connection, and then may emit a second `error` when nobody listens any more, which would end the program.
 */
export function surviveLostConnections(): void {
  if (isListening) return
  isListening = true
  subscribe(instances, (made) => {
    const { type, instance } = made as { readonly type: string; readonly instance: EventEmitter }
    if (type === 'connection') instance.on('error', ignore)
  })
}

function ignore(): void {}
