/** The users of the article, and two more. */
export const honestCallers = ['counter', 'admin', 'alice', 'bob'] as const

/** The callers of the walk: the users, and the tokens that somebody tries to get in with. */
export type CallerName =
  | (typeof honestCallers)[number]
  | 'wrong issuer'
  | 'wrong audience'
  | 'expired'
  | 'alg none'
  | 'HS256 signed with the public key'

/** One call of the walk and what must come of it: a status, or no TLS connection at all. */
export interface Step {
  readonly title: string
  readonly to: 'gateway' | 'order service' | 'inventory service'
  readonly method: string
  readonly path: string
  readonly as?: CallerName
  readonly body?: unknown
  readonly expected: number | 'no connection'
}

const items = [
  { category: 'electronics', code: 'SOWH1000XM4', qty: 2 },
  { category: 'books', code: '978-1617295959', qty: 1 },
]
const sample = { id: '100500', name: 'Sample order', items }
const updated = { name: 'Updated order', items: [{ category: 'electronics', code: 'SOWH1000XM4', qty: 1 }] }
const create = { to: 'gateway', method: 'POST', path: '/order', body: sample } as const
const change = { to: 'gateway', method: 'PUT', path: '/order/100500', body: updated } as const
const cancel = { to: 'gateway', method: 'DELETE', path: '/order/100500' } as const
const show = { to: 'gateway', method: 'GET', path: '/order/100500' } as const

/** Every call of the article, then every way in that must stay shut. They build on each other: keep the order. */
export const steps: readonly Step[] = [
  { ...create, title: 'create an order without a token', expected: 401 },
  { ...create, title: 'create an order as bob, who has no scopes', as: 'bob', expected: 403 },
  { ...create, title: 'create an order as counter (add_order)', as: 'counter', expected: 201 },
  { ...create, title: 'create the same order once more', as: 'counter', expected: 409 },
  { ...show, title: 'look at the order, open to all', expected: 200 },
  { ...change, title: 'update the order without a token', expected: 401 },
  { ...change, title: 'update the order as counter, who lacks update_order', as: 'counter', expected: 403 },
  { ...change, title: 'update the order as admin', as: 'admin', expected: 200 },
  { ...cancel, title: 'cancel the order as counter, who lacks cancel_order', as: 'counter', expected: 403 },
  { ...cancel, title: 'cancel the order as admin', as: 'admin', expected: 200 },
  { ...show, title: 'look at the cancelled order', expected: 404 },
  { ...change, title: 'update an order that is not there', as: 'admin', expected: 400 },
  { ...create, title: 'create an order as alice (add_order)', as: 'alice', expected: 201 },
  { ...create, title: 'a body that is no order', as: 'counter', body: { id: 1 }, expected: 400 },
  { ...create, title: 'a token of an issuer nobody trusts', as: 'wrong issuer', expected: 401 },
  { ...create, title: 'a token for another audience', as: 'wrong audience', expected: 401 },
  { ...create, title: 'an expired token', as: 'expired', expected: 401 },
  { ...create, title: 'an unsigned token (alg none)', as: 'alg none', expected: 401 },
  {
    ...create,
    title: 'an HS256 token signed with the public key',
    as: 'HS256 signed with the public key',
    expected: 401,
  },
  {
    ...create,
    title: 'an external token at the order service itself',
    to: 'order service',
    as: 'admin',
    expected: 401,
  },
  {
    title: 'the inventory without a client certificate',
    to: 'inventory service',
    method: 'PUT',
    path: '/inventory/decrease',
    body: items,
    expected: 'no connection',
  },
]
