/** Ends a stream from outside: the reader gets the error, and the source is told that nobody reads on. */
export function endStream(
  source: AsyncIterable<unknown>,
  arm: (end: (error: Error) => void) => () => void,
): AsyncGenerator<unknown, void, void> {
  const iterator = source[Symbol.asyncIterator]()
  let isDone = false
  let disarm: (() => void) | undefined
  let failWaiting: ((error: Error) => void) | undefined
  let failure: Error | undefined
  const stop = async (): Promise<void> => {
    if (isDone) return
    isDone = true
    disarm?.()
    await iterator.return?.()
  }
  const stopQuietly = (): Promise<void> => stop().catch(() => undefined)
  const stopArmed = arm((error) => {
    failure = error
    failWaiting?.(error)
    void stopQuietly()
  })
  // It may have ended while it was armed.
  if (failure === undefined) disarm = stopArmed
  else stopArmed()
  return {
    async next() {
      if (failure !== undefined) {
        const error = failure
        failure = undefined
        throw error
      }
      if (isDone) return { done: true, value: undefined }
      const ended = new Promise<never>((_resolve, reject) => (failWaiting = reject))
      const step = (await Promise.race([iterator.next(), ended]).catch((error: unknown) => {
        failure = undefined
        // Not awaited: a source that waits for its next event may not end before that.
        void stopQuietly()
        throw error
      })) as IteratorResult<unknown, void>
      if (step.done === true) await stop()
      return step
    },
    async return() {
      await stop()
      return { done: true, value: undefined }
    },
    async throw(error: unknown) {
      await stop()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}
