import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenChallenges } from './token-challenges.ts'
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
  test(claim, () => assert.deepEqual(tokenChallenges()(denial), challenges))
}

const dpop = { isRequired: false, algorithms: ['ES256', 'PS256'] } as const
const plain = 'DPoP algs="ES256 PS256"'
const withProofs: [claim: string, isRequired: boolean, denial: Denial, challenges: string[]][] = [
  ['asks for either scheme', false, refuse('missing', '').denial, ['Bearer', plain]],
  ['asks for DPoP alone where it is required', true, refuse('missing', '').denial, [plain]],
  [
    'names the error beside the scheme that came',
    false,
    refuse('invalid', '', { scheme: 'Bearer' }).denial,
    ['Bearer error="invalid_token"', plain],
  ],
  [
    'names a bad proof',
    false,
    refuse('invalid', '', { scheme: 'DPoP', parameters: { error: 'invalid_dpop_proof' } }).denial,
    ['Bearer', 'DPoP error="invalid_dpop_proof", algs="ES256 PS256"'],
  ],
  [
    'names the error beside the only scheme, whichever came',
    true,
    refuse('invalid', '', { scheme: 'Bearer' }).denial,
    ['DPoP error="invalid_token", algs="ES256 PS256"'],
  ],
  [
    'asks nobody who is known for another scheme',
    false,
    refuse('insufficient_scope', '', { scheme: 'DPoP', scopes: ['a'] }).denial,
    ['DPoP error="insufficient_scope", scope="a", algs="ES256 PS256"'],
  ],
  ['asks for nothing during an outage', false, refuse('unavailable', '').denial, []],
]

for (const [claim, isRequired, denial, challenges] of withProofs) {
  test(`with proofs: ${claim}`, () => {
    const verifier = {
      ...dpop,
      isRequired,
      verify: () => refuse('invalid', ''),
      prove: () => refuse('invalid', ''),
      close: async () => undefined,
    }
    assert.deepEqual(tokenChallenges(verifier)(denial), challenges)
  })
}
