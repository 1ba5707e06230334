import assert from 'node:assert/strict'
import { test } from 'node:test'
import express from 'express'
import type { ErrorRequestHandler, Express, Handler, Request, Response } from 'express'
import { compileAuth, createServices } from '../../auth/index.ts'
import type { ResourceAuth } from '../../auth/index.ts'
import { passesOn } from '../http/index.ts'
import { open, protect } from './guard.ts'
import { namedTokens } from '../../../test/http-wire.ts'
import { routerMaxDepth } from './check.ts'

const allow = protect<ResourceAuth>(compileAuth([{ provider: namedTokens() }], createServices()), {})
const show = (_request: Request, response: Response): void => void response.end()
const logger = (): Handler => (_request, _response, next) => next()
const onError: ErrorRequestHandler = (_error, _request, response, _next) => void response.end()
const files = express.static(import.meta.dirname)
const foreignRouter = Object.assign(() => undefined, { stack: [{ route: '', handle: show }] })

const settled: readonly (readonly [name: string, build: (app: Express) => void])[] = [
  ['guards and marks', (app) => app.get('/a', open, show).put('/a', allow({ scopes: 'x' }), show)],
  ['guards of route()', (app) => app.route('/a').all(allow()).get(show).put(show)],
  ['a guard for the application', (app) => app.use(allow()).get('/a', show)],
  ['a guard for a path', (app) => app.use('/api', allow()).get('/api/a', show)],
  ['a guard for a path, slash at the end', (app) => app.use('/api/', allow()).get('/api', show)],
  ['a guard before a router', (app) => app.use('/api', allow(), express.Router().get('/a', show))],
  ['a guard in a router', (app) => app.use('/api', express.Router().use(allow()).get('/a', show))],
  [
    'guards in a nested router',
    (app) => app.use(express.Router().use('/x', express.Router().get('/a', allow(), show))),
  ],
  ['guards in a mounted application', (app) => app.use('/sub', express().get('/a', allow(), show))],
  ['a guard before a mounted application', (app) => app.use('/sub', allow(), express().get('/a', show))],
  [
    'the parsers of Express',
    (app) => app.use(express.json(), express.urlencoded(), express.text(), express.raw()),
  ],
  ['middleware that is said to answer nobody', (app) => app.use(passesOn(logger())).get('/a', allow(), show)],
  ['the same before the guard of a route', (app) => app.get('/a', passesOn(logger()), allow(), show)],
  ['what handles errors', (app) => app.use(onError)],
  ['middleware behind a guard', (app) => app.use(allow()).use(logger()).use('/files', files)],
  ['an answer to everybody that is marked', (app) => app.get('/a', allow(), show).use(open, show)],
  ['a foreign router behind a guard', (app) => app.use(allow(), foreignRouter)],
  ['files behind a guard', (app) => app.use('/files', allow(), files)],
  ['files behind a mark', (app) => app.use('/files', open, files)],
  ['every path of a list', (app) => app.use(['/a', '/b'], allow()).get(['/a/x', '/b'], show)],
]

for (const [name, build] of settled) {
  test(`check passes ${name}`, () => {
    const app = express()
    build(app)
    allow.check(app)
  })
}

const unsettled: readonly (readonly [name: string, build: (app: Express) => void, path: string])[] = [
  ['a bare route', (app) => app.get('/a', show), 'GET /a'],
  ['a bare route among others', (app) => app.get('/a', open, show).put('/a', show), 'PUT /a'],
  ['a route with all', (app) => app.route('/a').all(show), 'ALL /a'],
  ['a route whose guard comes late', (app) => app.post('/a', express.json(), allow(), show), 'POST /a'],
  ['a method added to a guarded route', (app) => app.route('/a').get(allow(), show).put(show), 'PUT /a'],
  ['a route before the guard', (app) => app.get('/a', show).use(allow()), 'GET /a'],
  ['a route beside the guarded path', (app) => app.use('/api', allow()).get('/apis', show), 'GET /apis'],
  ['a path in other letters', (app) => app.use('/api', allow()).get('/API/a', show), 'GET /API/a'],
  ['a second route of a guarded path', (app) => app.get('/a', allow(), show).get('/a', show), 'GET /a'],
  [
    'a guard of the parent that an inner path repeats',
    (app) => app.use('/a/b', allow()).use('/a', express.Router().get('/b', show)),
    'GET /a/b',
  ],
  ['one path of a list', (app) => app.use('/a', allow()).get(['/a', '/b'], show), 'GET /a|/b'],
  ['a regular expression', (app) => app.use('/a', allow()).get(/^\/a/, show), 'GET (/^\\/a/)'],
  ['a guard by a regular expression', (app) => app.use(/^\/a/, allow()).get('/a', show), 'GET /a'],
  [
    'a nested router',
    (app) => app.use('/x', express.Router().use('/y', express.Router().get('/a', show))),
    'GET /x/y/a',
  ],
  ['a mounted application', (app) => app.use('/sub', express().get('/a', show)), 'GET /sub/a'],
  [
    'an application in a mounted one',
    (app) => app.use('/s', express().use('/t', express().get('/a', show))),
    'GET /s/t/a',
  ],
  ['files', (app) => app.use('/files', files), '/files'],
  ['files that are wrapped', (app) => app.use('/files', (...input) => files(...input)), '/files'],
  ['middleware', (app) => app.use(logger()).get('/a', allow(), show), '/'],
  ['middleware of a path', (app) => app.use('/docs', show), '/docs'],
  ['middleware of a router', (app) => app.use('/x', express.Router().use('/docs', show)), '/x/docs'],
  ['middleware of a mounted application', (app) => app.use('/x', express().use('/docs', show)), '/x/docs'],
  ['middleware before the guard', (app) => app.use(logger(), allow()), '/'],
  ['an answer to everybody at the end', (app) => app.get('/a', allow(), show).use(show), '/'],
  ['a foreign router', (app) => app.use('/x', foreignRouter), '/x(undefined)'],
  ['a wrapped guard', (app) => app.get('/a', (...input) => allow()(...input), show), 'GET /a'],
]

for (const [name, build, path] of unsettled) {
  test(`check refuses ${name}`, () => {
    const app = express()
    build(app)
    assert.throws(() => allow.check(app), { code: 'config', path })
  })
}

test('after the check nothing can be added', () => {
  const inner = express.Router()
  const app = express().use('/x', inner)
  const route = app.route('/a').get(allow(), show)
  allow.check(app)
  for (const add of [
    () => app.get('/b', show),
    () => app.use(show),
    () => inner.use(show),
    () => route.put(show),
  ]) {
    assert.throws(add, /not extensible/)
  }
})

test('check looks into routers up to a depth', () => {
  const nest = (depth: number): express.Router =>
    depth === 0 ? express.Router().get('/a', open, show) : express.Router().use(nest(depth - 1))
  allow.check(express().use(nest(routerMaxDepth - 1)))
  assert.throws(() => allow.check(express().use(nest(routerMaxDepth))), { code: 'config' })
})
