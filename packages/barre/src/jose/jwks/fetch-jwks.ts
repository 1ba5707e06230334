import { refuse } from '../../core/index.ts'
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
    return refuse('unavailable', `the key set could not be fetched: ${describeError(error)}`)
  }
}

async function readBounded(response: Response): Promise<Result<Buffer>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop cancels the body: no more of it is read.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > keySetLimits.maxBytes) {
      return refuse('unavailable', `the key set is larger than ${keySetLimits.maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return { ok: true, value: Buffer.concat(chunks) }
}

function describeStatus(status: number): string {
  const redirects = status === 0 || (status >= 300 && status < 400)
  return redirects
    ? 'the key set endpoint redirects, which is not followed: configure the final URL'
    : `the key set endpoint answered with status ${status}`
}

/** `fetch` says only "fetch failed"; the reason is the code of its cause. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason'
  const { cause } = error
  return cause instanceof Error && 'code' in cause
    ? `${error.message} (${String(cause.code)})`
    : error.message
}
