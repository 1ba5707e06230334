import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, Secret } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { bearerKind } from './bearer.ts'

const services = {} as Services

function create(config: unknown) {
  return bearerKind.create(bearerKind.shape.check(config, 'auth'), services, 'auth')
}

for (const token of ['abc.def-_~+/==', new Secret('abc.def-_~+/==')]) {
  test(`sends its token as it is (given as ${typeof token})`, () => {
    const sent = create({ token }).credential({ method: 'GET', target: 'https://orders.internal/' })
    assert.ok('ok' in sent && sent.ok && sent.value.kind === 'token')
    assert.deepEqual([sent.value.scheme, sent.value.token.reveal()], ['Bearer', 'abc.def-_~+/=='])
  })
}

const bad: readonly (readonly [string, unknown])[] = [
  ['no token', {}],
  ['an empty token', { token: '' }],
  ['an empty Secret', { token: new Secret('') }],
  ['a token with its scheme', { token: 'Bearer hunter2' }],
  ['a line break', { token: 'hunter2\r\nX-Evil: 1' }],
  ['no ASCII', { token: 'hunter2é' }],
]
for (const [name, config] of bad) {
  test(`refuses ${name} at start, and does not print it`, () => {
    assert.throws(
      () => create(config),
      (error) =>
        error instanceof ConfigError && error.path === 'auth.token' && !error.message.includes('hunter2'),
    )
  })
}
