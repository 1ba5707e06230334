import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServices, compileAuth } from '../../auth/index.ts'
import { timedTokens } from '../../../test/timed-tokens.ts'
import { protect } from './protect.ts'

const mistakes: readonly (readonly [options: Record<string, unknown>, path: string])[] = [
  [{ resources: { live: true } }, 'resources["live"]'],
  [{ resources: { 'GET /live': true } }, 'resources["GET /live"]'],
  [{ resources: { '/live': {} } }, 'resources["/live"]'],
  [{ resources: { '/a/:x': true, '/a/:y': true } }, 'resources["/a/:y"]'],
  [{ allowedOrigins: 'https://shop.example' }, 'allowedOrigins'],
  [{ allowedOrigins: ['https://shop.example/'] }, 'allowedOrigins[0]'],
  [{ allowedOrigins: ['https://*.example'] }, 'allowedOrigins[0]'],
  [{ allowedOrigins: ['*'] }, 'allowedOrigins[0]'],
  [{ allowedOrigins: ['null'] }, 'allowedOrigins[0]'],
  [{ allowedOrigins: ['https://shop.example', 'wss://shop.example'] }, 'allowedOrigins[1]'],
  [{ publicOrigin: 'orders.example' }, 'publicOrigin'],
  [{ subprotocols: ['a b'] }, 'subprotocols[0]'],
  [{ subprotocols: ['barre.bearer.abc'] }, 'subprotocols[0]'],
  [{ messages: { add: true } }, 'dispatcherKey'],
  [{ messages: { add: { scopes: '' } }, dispatcherKey: 'type' }, 'messages["add"].scopes'],
  [{ messages: { add: [{}] }, dispatcherKey: 'type' }, 'messages["add"]'],
  [{ messages: { add: {} }, dispatcherKey: 'type' }, 'messages["add"]'],
  [{ inBand: 'renewal' }, 'inBand'],
  [{ maxFrameSize: 0 }, 'maxFrameSize'],
  [{ maxFrameSize: 1.5 }, 'maxFrameSize'],
  [{ initTimeoutSeconds: 0 }, 'initTimeoutSeconds'],
  [{ unauthenticatedMax: 0 }, 'unauthenticatedMax'],
]
for (const [options, path] of mistakes) {
  test(`does not start: ${JSON.stringify(options)}`, () => {
    assert.throws(() => make(options), { code: 'config', path })
  })
}

test('starts with every row and a rest', () => {
  make({
    resources: { '/live': true, '/open': false, '*': { scopes: 'admin' } },
    publicOrigin: 'https://orders.example',
  })
})

function make(options: Record<string, unknown>): void {
  const services = createServices()
  const rules = compileAuth([{ provider: timedTokens() }], services)
  protect(rules, { resources: {}, ...options }, services)
}
