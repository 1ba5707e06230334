import type { Dispatcher } from 'undici'
import type { CredentialSource, Need, Outgoing } from '../../core/index.ts'
import { renewWith } from '../fetch/index.ts'

type Controller = Dispatcher.DispatchController
type ResponseStart = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>

/** What a request was sent with. */
interface Sent {
  readonly source: CredentialSource
  readonly need: Need
  readonly credential: Outgoing
}

/**
 * Hands on what undici tells of a request, except a 401: the answer waits while the source is asked for another
 * credential, and is dropped where the request can be sent again with one.
 */
export class RenewingHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #sent: Sent
  readonly #sendAgain: (renewed: Outgoing) => void
  #isDropped = false

  constructor(handler: Dispatcher.DispatchHandler, sent: Sent, sendAgain: (renewed: Outgoing) => void) {
    this.#handler = handler
    this.#sent = sent
    this.#sendAgain = sendAgain
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...input: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>): void {
    this.#handler.onRequestUpgrade?.(...input)
  }

  onResponseStart(...start: ResponseStart): void {
    const [controller, status] = start
    if (status !== 401) return this.#handler.onResponseStart?.(...start)
    controller.pause()
    void this.#renew(start).catch((error: unknown) => controller.abort(error as Error))
  }

  async #renew(start: ResponseStart): Promise<void> {
    const [controller, , headers] = start
    const { source, need, credential } = this.#sent
    const renewed = await renewWith(source, need, credential, (name) => [headers[name] ?? []].flat())
    if (controller.aborted) return
    if (renewed === undefined) {
      this.#handler.onResponseStart?.(...start)
      controller.resume()
      return
    }
    this.#isDropped = true
    controller.abort(new Error('the answer is replaced by that to another credential'))
    this.#sendAgain(renewed)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#isDropped) this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(...input: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>): void {
    if (!this.#isDropped) this.#handler.onResponseEnd?.(...input)
  }

  onResponseError(controller: Controller, error: Error): void {
    if (!this.#isDropped) this.#handler.onResponseError?.(controller, error)
  }
}
