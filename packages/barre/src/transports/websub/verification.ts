import { describeFetchError, readBody } from '../../core/index.ts'
import type { Fetch, Services } from '../../core/index.ts'
import { challengeMaxBytes } from './subscription-state.ts'
import type { SubscriptionRequest } from './subscription-request.ts'

/** Bytes of a challenge. */
const challengeBytes = 32

/**
 * Asks the subscriber whether it meant that (WebSub §5.3): `undefined` when it did, else why not, for the log.
 */
export async function verifyIntent(
  fetch: Fetch,
  { mode, topic, callback, leaseSeconds }: SubscriptionRequest,
  { random }: Pick<Services, 'random'>,
): Promise<string | undefined> {
  const challenge = Buffer.from(random(challengeBytes)).toString('base64url')
  const url = withQuery(callback, {
    'hub.mode': mode,
    'hub.topic': topic,
    'hub.challenge': challenge,
    ...(mode === 'subscribe' && { 'hub.lease_seconds': String(leaseSeconds) }),
  })
  try {
    const response = await fetch(url)
    if (!response.ok) {
      await response.body?.cancel()
      return `the callback answered ${response.status}`
    }
    const body = await readBody(response, challengeMaxBytes)
    return body?.toString() === challenge ? undefined : 'the callback did not echo the challenge'
  } catch (error) {
    return describeFetchError(error)
  }
}

/** Tells the subscriber that there will be no subscription (WebSub §5.2). */
export async function deny(
  fetch: Fetch,
  { topic, callback }: SubscriptionRequest,
  reason: string,
): Promise<string | undefined> {
  try {
    const response = await fetch(
      withQuery(callback, { 'hub.mode': 'denied', 'hub.topic': topic, 'hub.reason': reason }),
    )
    await response.body?.cancel()
    return undefined
  } catch (error) {
    return describeFetchError(error)
  }
}

/** WebSub §5.3: the callback's own query is kept, and ours is put behind it. */
function withQuery(callback: URL, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(callback)
  const added = new URLSearchParams(parameters).toString()
  url.search = url.search === '' ? added : `${url.search}&${added}`
  return url
}
