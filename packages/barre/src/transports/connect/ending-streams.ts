import { Code, ConnectError } from '@connectrpc/connect'
import type { Interceptor, StreamRequest, StreamResponse } from '@connectrpc/connect'
import { watch } from '../../core/index.ts'
import type { Denial, Principal, Services } from '../../core/index.ts'
import { connectCodes } from './codes.ts'
import { grantKey, nativeKey } from './grants.ts'
import type { Native } from './grants.ts'

/** How long an ended stream may take to send what was written before, in milliseconds. */
const endMs = 5_000

/** Ends a stream, in both directions, when the credential of its caller does. */
export function endingStreams(services: Pick<Services, 'now' | 'revocations'>): Interceptor {
  return (next) => async (request) => {
    const grant = request.contextValues.get(grantKey)
    if (grant === undefined) throw new ConnectError('a call came past its guard', Code.Internal)
    if (!request.stream || grant.principal === undefined) return next(request)
    const native = request.contextValues.get(nativeKey)
    return serveUntilEnd(
      grant.principal,
      native,
      request,
      services,
      (asked) => next(asked) as Promise<StreamResponse>,
    )
  }
}

async function serveUntilEnd(
  principal: Principal,
  native: Native | undefined,
  request: StreamRequest,
  services: Pick<Services, 'now' | 'revocations'>,
  next: (request: StreamRequest) => Promise<StreamResponse>,
): Promise<StreamResponse> {
  const ending = new Ending()
  const end = ({ code }: Denial): void => {
    const [status, message] = connectCodes[code]
    ending.end(new ConnectError(message, status))
    if (native !== undefined) closeLater(native)
  }
  const dispose = watch(principal, end, services)
  native?.response.once('close', dispose)
  const response = await ending.before(next({ ...request, message: until(request.message, ending) }))
  return { ...response, message: until(response.message, ending) }
}

/** A caller who does not read must not keep what its credential no longer opens. */
function closeLater({ response }: Native): void {
  const timer = setTimeout(() => ('stream' in response ? response.stream.close() : response.destroy()), endMs)
  response.once('close', () => clearTimeout(timer))
}

/** The end of a stream that may come while something is waited for. */
class Ending {
  readonly #waiting = new Set<(error: ConnectError) => void>()
  #error: ConnectError | undefined

  end(error: ConnectError): void {
    this.#error = error
    for (const reject of this.#waiting) reject(error)
  }

  /** Not `Promise.race`: with one promise for the whole stream, it would keep something of each message. */
  before<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) reject(this.#error)
      else this.#waiting.add(reject)
      promise.then(resolve, reject).finally(() => this.#waiting.delete(reject))
    })
  }
}

async function* until<T>(messages: AsyncIterable<T>, ending: Ending): AsyncGenerator<T, void> {
  const iterator = messages[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await ending.before(iterator.next())
      if (done === true) return
      yield value
    }
  } finally {
    // Not waited for: it comes after the message that is still to come, and that may be never.
    iterator.return?.().catch(() => undefined)
  }
}
