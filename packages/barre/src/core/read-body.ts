/** The bytes of an answer's body; `undefined` when there are more than `maxBytes`, of which no more are then read. */
export async function readBody(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * What an answer's Retry-After asks for, in milliseconds (RFC 9110 §10.2.3: seconds or a date); 0 when it asks for
 * nothing that can be read.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number {
  const value = headers.get('retry-after') ?? ''
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  // Date.parse alone takes almost any text for a date.
  const date = value.endsWith(' GMT') ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs)
}

/** `fetch` says only "fetch failed"; the reason is the code of its cause. */
export function describeFetchError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason'
  const { cause } = error
  return cause instanceof Error && 'code' in cause
    ? `${error.message} (${String(cause.code)})`
    : error.message
}
