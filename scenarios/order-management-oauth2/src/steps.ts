import { createClient } from 'barre/fetch'
import type { System } from './system.ts'

/** One call, and what must come of it. */
export interface Step {
  readonly title: string
  readonly to: 'backend' | 'gateway'
  readonly path: string
  /** What is sent as a token: the ID token of a user, or a text. */
  readonly token?: { readonly of: string } | string
  readonly expected: number
  /** To whom the order was shown. */
  readonly shownTo?: string
}

export const steps: readonly Step[] = [
  {
    title: 'the web site',
    to: 'backend',
    path: '/order/web?orderId=100500',
    expected: 200,
    shownTo: 'backend',
  },
  {
    title: 'the app of alice',
    to: 'backend',
    path: '/order/mobile?orderId=100500',
    token: { of: 'alice' },
    expected: 200,
    shownTo: 'alice',
  },
  {
    title: 'the app of bob',
    to: 'backend',
    path: '/order/mobile?orderId=100500',
    token: { of: 'bob' },
    expected: 200,
    shownTo: 'bob',
  },
  { title: 'the app without a login', to: 'backend', path: '/order/mobile?orderId=100500', expected: 401 },
  {
    title: 'the app with a guess',
    to: 'backend',
    path: '/order/mobile?orderId=1',
    token: 'a.b.c',
    expected: 401,
  },
  { title: 'nobody', to: 'gateway', path: '/order/100500', expected: 401 },
  {
    title: 'an ID token, past the backend',
    to: 'gateway',
    path: '/order/1',
    token: { of: 'alice' },
    expected: 401,
  },
  { title: 'an order that is a path', to: 'backend', path: '/order/web?orderId=..%2Fadmin', expected: 400 },
]

/** What came of a step: the status, and to whom the order was shown. */
export interface Outcome {
  readonly status: number
  readonly shownTo: string | undefined
}

export async function take(step: Step, system: System): Promise<Outcome> {
  const token = typeof step.token === 'object' ? await system.idTokenOf(step.token.of) : step.token
  const auth = token === undefined ? {} : { auth: { token } }
  const call = createClient({ baseUrl: system.urls[step.to], secureSocket: { cert: system.caFile }, ...auth })
  const response = await call(step.path)
  const answer: unknown = response.ok ? await response.json() : undefined
  await call.close()
  return { status: response.status, shownTo: (answer as { shownTo?: string } | undefined)?.shownTo }
}
