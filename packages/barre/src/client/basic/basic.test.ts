import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, Secret } from '../../core/index.ts'
import type { Need, Services } from '../../core/index.ts'
import { basicKind } from './basic.ts'

const services = {} as Services
const need: Need = { method: 'GET', target: 'https://orders.internal/' }

function create(config: unknown) {
  return basicKind.create(basicKind.shape.check(config, 'auth'), services, 'auth')
}

for (const password of ['123', new Secret('123')]) {
  test(`sends its user name and password (given as ${typeof password})`, () => {
    const sent = create({ username: 'tom', password }).credential(need)
    assert.ok('ok' in sent && sent.ok && sent.value.kind === 'password')
    assert.deepEqual([sent.value.username, sent.value.password.reveal()], ['tom', '123'])
  })
}

test('the password may hold colons and any script', () => {
  assert.doesNotThrow(() => create({ username: 'tom', password: 'a:b:ü' }))
})

const bad: readonly (readonly [string, unknown, string])[] = [
  ['no user name', { password: 'x' }, 'auth.username'],
  ['an empty user name', { username: '', password: 'x' }, 'auth.username'],
  ['a colon in the user name', { username: 'a:b', password: 'x' }, 'auth.username'],
  ['a line break in the user name', { username: 'a\nb', password: 'x' }, 'auth.username'],
  ['no password', { username: 'tom' }, 'auth.password'],
  ['an empty password', { username: 'tom', password: '' }, 'auth.password'],
  ['an empty Secret', { username: 'tom', password: new Secret('') }, 'auth.password'],
  ['a line break in the password', { username: 'tom', password: 'hunter\r\n2' }, 'auth.password'],
  ['an unknown field', { username: 'tom', password: 'x', realm: 'y' }, 'auth.realm'],
]
for (const [name, config, path] of bad) {
  test(`refuses ${name} at start, and does not print the password`, () => {
    assert.throws(
      () => create(config),
      (error) => error instanceof ConfigError && error.path === path && !error.message.includes('hunter'),
    )
  })
}
