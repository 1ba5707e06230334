import { setTimeout as delay } from 'node:timers/promises'

/** Waits; rejects with the signal's reason when it is aborted meanwhile. Keeps no process alive. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal, ref: false })
  } catch {
    signal.throwIfAborted()
  }
}
