import { checkEndpoint } from '../../core/index.ts'
import type { allowInsecureEndpoint, Fetch } from '../../core/index.ts'

/** How often one request is redirected. */
export const redirectsMax = 5

/** Who is called, and when somebody else is called instead. */
export interface RedirectRules {
  /** For the URL that a redirect names: without an identity, and under the egress guard. */
  readonly elsewhere: Fetch
  readonly statuses: readonly number[]
  readonly [allowInsecureEndpoint]: boolean
}

/** Sends a request, and again as it is to where redirects lead. Throws for too many, and for one that is not https. */
export async function followRedirects(
  fetch: Fetch,
  url: string | URL,
  init: RequestInit,
  rules: RedirectRules,
): Promise<Response> {
  let [response, at] = [await fetch(url, init), String(url)]
  for (let count = 0; rules.statuses.includes(response.status); count++) {
    const location = response.headers.get('location')
    if (location === null || !URL.canParse(location, at)) break
    await response.body?.cancel()
    if (count === redirectsMax) throw new Error(`more than ${redirectsMax} redirects`)
    at = checkEndpoint(new URL(location, at).href, 'the redirect', rules).href
    response = await rules.elsewhere(at, init)
  }
  return response
}
