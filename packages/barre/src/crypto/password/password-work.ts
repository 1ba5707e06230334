import { availableParallelism } from 'node:os'
import { WorkQueue } from './work-queue.ts'

/** How many password checks may wait; at 200 a second that is about a second and a half. */
export const passwordQueueMax = 256

// One for the process: what it bounds, the processor, is one too. A core stays free for everything else.
const queue = new WorkQueue(Math.max(1, availableParallelism() - 1), passwordQueueMax)

/** Runs a password computation when it is its turn; `undefined` when too many wait already. */
export function queuePasswordWork<T>(job: () => Promise<T>): Promise<T> | undefined {
  return queue.run(job)
}
