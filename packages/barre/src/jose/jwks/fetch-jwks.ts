import { describeFetchError, ok, readBody, refuse } from '../../core/index.ts'
import type { Fetch, Result } from '../../core/index.ts'
import { keySetLimits } from './refresh-plan.ts'

/** Fetches the bytes of a key set; every failure, of the network too, is the refusal `unavailable`. */
export async function fetchJwks(url: URL, fetch: Fetch, signal: AbortSignal): Promise<Result<Buffer>> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      // Following one would let whoever controls its target choose the keys.
      redirect: 'manual',
      signal,
    })
    if (response.status === 200) return await readBounded(response)
    await response.body?.cancel()
    return refuse('unavailable', describeStatus(response.status))
  } catch (error) {
    return refuse('unavailable', `the key set could not be fetched: ${describeFetchError(error)}`)
  }
}

async function readBounded(response: Response): Promise<Result<Buffer>> {
  const body = await readBody(response, keySetLimits.maxBytes)
  return body === undefined
    ? refuse('unavailable', `the key set is larger than ${keySetLimits.maxBytes} bytes`)
    : ok(body)
}

function describeStatus(status: number): string {
  const redirects = status === 0 || (status >= 300 && status < 400)
  return redirects
    ? 'the key set endpoint redirects, which is not followed: configure the final URL'
    : `the key set endpoint answered with status ${status}`
}
