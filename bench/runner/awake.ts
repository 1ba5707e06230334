/**
 * Works without ever sleeping. A sleeper has to be woken, and who sends to it pays for that: a service that keeps its
 * load waiting would look slower than it is, by a tenth of a call.
 */
export async function awake<T>(work: Promise<T>): Promise<T> {
  let isOver = false
  const turn = (): void => {
    if (!isOver) setImmediate(turn)
  }
  turn()
  try {
    return await work
  } finally {
    isOver = true
  }
}
