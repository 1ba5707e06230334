import type { Call } from './call.ts'
import type { Denial, Reply } from './denial.ts'
import type { Refusal } from './policy.ts'
import type { Awaitable } from './result.ts'

/**
 * One wire. Shows calls, phrases refusals, carries reply metadata of both outcomes; knows nothing of who may
 * call.
 */
export interface Transport<Native, Answer> {
  view(native: Native): Call
  refuse(native: Native, refusal: Refusal): Awaitable<Answer>
  reply?(native: Native, reply: Reply): void
}

/** A wire whose connections outlive a call. */
export interface LiveTransport<Native, Answer> extends Transport<Native, Answer> {
  end(native: Native, denial: Denial): void
}
