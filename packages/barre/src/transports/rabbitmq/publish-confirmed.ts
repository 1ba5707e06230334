import { randomUUID } from 'node:crypto'
import type { ConfirmChannel, Options } from 'amqplib'

/** Names a published message towards ourselves, should the broker return it. */
const idHeader = 'barre-refusal-id'

/** The ids of what the broker returned, for each channel. */
const returned = new WeakMap<ConfirmChannel, Set<string>>()

/**
 * Publishes to a queue. Resolves when the broker has the message in that queue; rejects when there is no such queue,
 * which a confirmation alone does not tell.
 */
export function publishConfirmed(
  channel: ConfirmChannel,
  queue: string,
  content: Buffer,
  options: Options.Publish & { readonly headers: Readonly<Record<string, string>> },
): Promise<void> {
  const ids = returned.get(channel) ?? listen(channel)
  const id = randomUUID()
  const headers = { ...options.headers, [idHeader]: id }
  return new Promise((resolve, reject) => {
    const settle = (error: unknown): void => {
      if (ids.delete(id)) reject(new Error(`there is no queue ${queue} for refused messages`))
      else if (error === null || error === undefined) resolve()
      else reject(error)
    }
    channel.publish('', queue, content, { ...options, headers, mandatory: true }, settle)
  })
}

function listen(channel: ConfirmChannel): Set<string> {
  const ids = new Set<string>()
  returned.set(channel, ids)
  channel.on('return', ({ properties }: { properties: { headers?: Record<string, unknown> } }) => {
    const id = properties.headers?.[idHeader]
    if (typeof id === 'string') ids.add(id)
  })
  return ids
}
