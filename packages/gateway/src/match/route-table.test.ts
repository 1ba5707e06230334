import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routeTable } from './index.ts'
import type { RoutePattern } from './route-table.ts'

function table(...patterns: RoutePattern[]): ReturnType<typeof routeTable<string>> {
  return routeTable(
    patterns.map((pattern) => ({
      pattern,
      route: `${pattern.host ?? ''} ${pattern.methods?.join() ?? '*'} ${pattern.path}`.trim(),
    })),
  )
}

const orders = table(
  { methods: ['GET'], path: '/order/:id' },
  { methods: ['PUT', 'DELETE'], path: '/order/:id' },
  { path: '/order/*' },
  { methods: ['GET'], path: '/order/new' },
  { methods: ['POST'], path: '/order' },
  { path: '/admin/*' },
  { host: 'stock.test', methods: ['GET'], path: '/*' },
)

const found: [method: string, path: string, host: string, route: string | string[] | undefined][] = [
  ['GET', '/order/1', '', 'GET /order/:id'],
  ['HEAD', '/order/1', '', 'GET /order/:id'],
  ['PUT', '/order/1', '', 'PUT,DELETE /order/:id'],
  ['GET', '/order/new', '', 'GET /order/new'],
  ['PUT', '/order/new', '', 'PUT,DELETE /order/:id'],
  ['POST', '/order/1', '', '* /order/*'],
  ['GET', '/order/1/item', '', '* /order/*'],
  ['GET', '/order/', '', '* /order/*'],
  ['POST', '/order', '', 'POST /order'],
  ['GET', '/order', '', ['POST']],
  ['GET', '/admin', '', undefined],
  ['GET', '/ADMIN/x', '', undefined],
  ['GET', '/', '', undefined],
  ['GET', '/', 'stock.test', 'stock.test GET /*'],
  ['GET', '/order/1', 'stock.test', 'stock.test GET /*'],
  ['POST', '/order', 'stock.test', ['GET', 'HEAD']],
  ['GET', '/order/1', 'other.test', 'GET /order/:id'],
]

for (const [method, path, host, expected] of found) {
  test(`${method} ${host}${path} is ${String(expected)}`, () => {
    const match = orders.match(host, method, path)
    if (match.kind === 'found') assert.equal(match.route, expected)
    else assert.deepEqual(match.kind === 'none' ? undefined : match.allowed, expected)
  })
}

const refused: [claim: string, patterns: RoutePattern[], path: string][] = [
  ['the same route twice', [{ path: '/a' }, { path: '/a' }], 'routes[1].path'],
  ['the same route under another parameter name', [{ path: '/:a' }, { path: '/:b' }], 'routes[1].path'],
  ['a path without a slash', [{ path: 'a' }], 'routes[0].path'],
  ['an escape', [{ path: '/%61' }], 'routes[0].path'],
  ['an empty segment', [{ path: '/a//b' }], 'routes[0].path'],
  ['a dot segment', [{ path: '/a/../b' }], 'routes[0].path'],
  ['a * in the middle', [{ path: '/a/*/b' }], 'routes[0].path'],
  ['a * beside text', [{ path: '/a*' }], 'routes[0].path'],
  ['a method that is none', [{ methods: ['FETCH'], path: '/a' }], 'routes[0].methods'],
]

for (const [claim, patterns, path] of refused) {
  test(`refuses ${claim}`, () => {
    assert.throws(() => table(...patterns), { name: 'ConfigError', path })
  })
}
