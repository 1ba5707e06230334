import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearerChallenges } from './bearer-challenges.ts'
import { refuse } from '../core/index.ts'
import type { Denial } from '../core/index.ts'

const cases: [claim: string, denial: Denial, challenges: string[]][] = [
  ['asks plainly when nothing was sent', refuse('missing', '').denial, ['Bearer']],
  ['names a request that is not one', refuse('malformed', '').denial, ['Bearer error="invalid_request"']],
  ['names a bad token', refuse('invalid', 'secret detail').denial, ['Bearer error="invalid_token"']],
  ['names an expired token', refuse('expired', '').denial, ['Bearer error="invalid_token"']],
  [
    'names the scopes that would do',
    refuse('insufficient_scope', '', { scopes: ['add_order', 'update_order'] }).denial,
    ['Bearer error="insufficient_scope", scope="add_order update_order"'],
  ],
  [
    'asks for a stronger login',
    refuse('insufficient_authentication', '', { parameters: { acr_values: 'gold "24"' } }).denial,
    [String.raw`Bearer error="insufficient_user_authentication", acr_values="gold \"24\""`],
  ],
  ['asks for nothing during an outage', refuse('unavailable', '').denial, []],
  ['asks for nothing when throttled', refuse('throttled', '').denial, []],
]

for (const [claim, denial, challenges] of cases) {
  test(claim, () => assert.deepEqual(bearerChallenges(denial), challenges))
}
