import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { Notification, Subscriber } from '../src/transports/websub/index.ts'
import { createSubscriber, recorded, startAt, startPeer } from './websub-wire.ts'
import type { Peer, Respond } from './websub-wire.ts'

export const topic = 'https://news.example/feed'
export const secret = 'shared-secret'

export type Config = Partial<Parameters<typeof createSubscriber>[0]>

/** A subscriber, a hub that takes what it asks for, and what the hub may send. */
export interface Running {
  readonly subscriber: Subscriber
  readonly hub: Peer
  readonly got: Notification[]
  readonly denied: string[]
  readonly logged: ReturnType<typeof recorded>['logged']
  /** A request of the hub to verify. */
  readonly verify: (more?: Readonly<Record<string, string>>) => Promise<Response>
  readonly deliver: (body: string, headers?: Readonly<Record<string, string>>) => Promise<number>
}

const accept: Respond = (_request, response) => response.writeHead(202).end()

export async function run(
  context: TestContext,
  { now, respond = accept, ...config }: Config & { now?: () => number; respond?: Respond } = {},
): Promise<Running> {
  const hub = await startPeer(context, respond)
  const { services, logged } = recorded(now)
  const got: Notification[] = []
  const denied: string[] = []
  let subscriber: Subscriber | undefined
  let callback = ''
  await startAt(context, (origin) => {
    callback = `${origin}/cb?key=1`
    const service = {
      onEventNotification(notification: Notification) {
        if (notification.content.toString() === 'poison') throw new Error('cannot be taken')
        got.push(notification)
      },
      onSubscriptionValidationDenied: (reason: string) => denied.push(reason),
    }
    const target = [`${hub.origin}/hub`, topic] as const
    subscriber = createSubscriber({ target, callback, secret, services, ...config }, service)
    return subscriber.listener
  })
  const made = subscriber as unknown as Subscriber
  context.after(() => made.close())
  const asked = {
    'hub.topic': topic,
    'hub.mode': 'subscribe',
    'hub.challenge': 'c',
    'hub.lease_seconds': '60',
  }
  return {
    subscriber: made,
    hub,
    got,
    denied,
    logged,
    verify: (more) => fetch(`${callback}&${new URLSearchParams({ ...asked, ...more }).toString()}`),
    deliver: async (body, headers = { 'x-hub-signature': sign('sha256', body) }) =>
      (await fetch(callback, { method: 'POST', body, headers })).status,
  }
}

export function sign(method: string, body: string, key = secret): string {
  return `${method}=${createHmac(method, key).update(body).digest('hex')}`
}

/** One whose subscription is confirmed. */
export async function active(context: TestContext, config?: Parameters<typeof run>[1]): Promise<Running> {
  const running = await run(context, config)
  await running.subscriber.subscribe()
  assert.equal((await running.verify()).status, 200)
  return running
}
