import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSameUri } from './uri.ts'

const target = 'https://orders.example/order/a%2Fb~1'
const cases: [htu: string, target: string, same: boolean][] = [
  [target, target, true],
  [`${target}?state=1#top`, target, true],
  ['HTTPS://Orders.Example:443/order/a%2fb%7e1', target, true],
  ['https://orders.example', 'https://orders.example', true],
  ['https://orders.example/', 'https://orders.example', true],
  ['https://orders.example/x/../order/1', 'https://orders.example/order/1', true],
  // The router behind us may read such a path in another way.
  ['https://orders.example/order/1', 'https://orders.example/x/../order/1', false],
  ['http://orders.example/order/a%2Fb~1', target, false],
  ['https://orders.example:8443/order/a%2Fb~1', target, false],
  ['https://orders.example/order/a/b~1', target, false],
  ['https://orders.example/order/a%2Fb~1/', target, false],
  ['https://orders.example/Order/a%2Fb~1', target, false],
  ['https://orders.example.evil.example/order/a%2Fb~1', target, false],
  ['https://orders.example@evil.example/order/a%2Fb~1', target, false],
  ['https://eve@orders.example/order/a%2Fb~1', target, false],
  ['/order/a%2Fb~1', '/order/a%2Fb~1', false],
  ['', '', false],
  ['javascript:alert(1)', 'javascript:alert(1)', false],
]

for (const [htu, called, same] of cases) {
  test(`${htu || 'nothing'} is ${same ? '' : 'not '}${called || 'nothing'}`, () =>
    assert.equal(isSameUri(htu, called), same))
}
