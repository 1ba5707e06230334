import type { ExecutionContext } from '@nestjs/common'
import type { Awaitable, Decision, Policy, Principal, Refusal, Reply } from '../../core/index.ts'

/** How one kind of controller shows its calls and phrases refusals. */
export interface Wire {
  decide(context: ExecutionContext, policy: Policy): Awaitable<Decision>
  /** Hands over a call that was let in. */
  admit(context: ExecutionContext, principal: Principal | undefined, reply: Reply): Awaitable<void>
  /** What to throw, so that Nest answers with the refusal. */
  toException(context: ExecutionContext, refusal: Refusal): Error
}
