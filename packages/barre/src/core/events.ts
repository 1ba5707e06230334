import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { Call } from './call.ts'
import type { Decision } from './policy.ts'

/**
 * What a subscriber of `barre:decision` receives: every decision, with the entry, code and detail that
 * explain it.
 */
export interface DecisionEvent {
  readonly call: Call
  readonly decision: Decision
}

/**
 * The `node:diagnostics_channel` for audit and metrics; publishes DecisionEvents. Costs nothing while nobody
 * subscribes.
 */
export const decisions: Channel = channel('barre:decision')

/** Publishes a decision that `guard` did not make: an origin that is not allowed, a connection whose time is over. */
export function announce(call: Call, decision: Decision): void {
  if (decisions.hasSubscribers) decisions.publish({ call, decision })
}
