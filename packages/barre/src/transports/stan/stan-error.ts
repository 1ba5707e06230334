/** What the streaming server, or the lack of one, answers. */
export class StanError extends Error {
  override readonly name = 'StanError'
}
