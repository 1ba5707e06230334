import assert from 'node:assert/strict'
import { agreeable, startHub, startPeer } from './websub-wire.ts'
import type { Peer, Respond } from './websub-wire.ts'

export const topic = 'https://news.example/feed'
export const topics: readonly string[] = [topic]

/** What a subscriber asks for. */
export function form(peer: Peer, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { 'hub.callback': `${peer.origin}/cb`, 'hub.mode': 'subscribe', 'hub.topic': topic, ...more }
}

/** A hub, and a subscriber that it may call. */
export async function pair(
  context: Parameters<typeof startPeer>[0],
  {
    respond = agreeable,
    now,
    others = [],
    ...more
  }: { respond?: Respond; now?: () => number; others?: readonly string[] } & Partial<
    Parameters<typeof startHub>[1]
  > = {},
) {
  const peer = await startPeer(context, respond)
  const hub = await startHub(
    context,
    { topics, allowedCallbackOrigins: [peer.origin, ...others], ...more },
    now,
  )
  return { peer, hub }
}

/** Subscribes, and waits until that is stored. */
export async function subscribed(
  { peer, hub }: Awaited<ReturnType<typeof pair>>,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const before = peer.received.length
  assert.equal((await hub.subscribe(form(peer, more))).status, 202)
  await peer.request(before)
  while ((await hub.hub.publish(topic, probe)) === 0) await new Promise(setImmediate)
  await peer.request(before + 1)
}

/** What is sent to see that a subscription is there. */
export const probe = { contentType: 'text/plain', content: Buffer.from('probe') }
