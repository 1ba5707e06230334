import { allowInsecureEndpoint, checkEndpoint } from '../../core/index.ts'
import type { ClientConfiguration, Fetch, Services } from '../../core/index.ts'
import { fetchClient } from '../fetch/index.ts'
import { discover } from './discovery.ts'
import type { Discovered } from './discovery.ts'
import { withoutIdentity } from './identity.ts'
import { followRedirects } from './redirects.ts'
import type { SubscriberSettings } from './subscriber-config.ts'

/** The calling side of a subscriber. */
export interface HubClient {
  /** Which hub to ask, and for what; throws where the topic does not say. */
  find(): Promise<Discovered>
  /** The status of the hub's answer. */
  post(hub: URL, form: URLSearchParams): Promise<number>
  close(): Promise<void>
}

export function hubClient(
  settings: SubscriberSettings,
  services: Pick<Services, 'fetchFor' | 'credentialSource'>,
): HubClient {
  const { hub, topic, httpConfig = {}, discoveryConfig = {}, allowedAddresses } = settings
  const insecure = { [allowInsecureEndpoint]: settings[allowInsecureEndpoint] === true }
  // Their URLs are what an answer says, not what the program configured.
  const guarded = (config: ClientConfiguration, path: string): Fetch =>
    services.fetchFor({ ...insecure, ...withoutIdentity(config) }, path, {
      ...(allowedAddresses && { allowedAddresses }),
    })
  const toFoundHub = guarded(httpConfig, 'httpConfig')
  // WebSub §5.1.2.
  const toNextHub = { ...insecure, elsewhere: toFoundHub, statuses: [307, 308] }
  const postBy =
    (call: Fetch): HubClient['post'] =>
    async (url, form) => {
      const response = await followRedirects(call, url, { method: 'POST', body: form }, toNextHub)
      await response.body?.cancel()
      return response.status
    }
  if (hub !== undefined) {
    const call = fetchClient({ ...insecure, ...httpConfig, baseUrl: hub.origin + hub.pathname }, services)
    return {
      find: () => Promise.resolve({ hub, topic }),
      post: postBy(call),
      close: () => closeAll(call, toFoundHub),
    }
  }
  const toTopic = services.fetchFor({ ...insecure, ...discoveryConfig }, 'discoveryConfig')
  const elsewhere = guarded(discoveryConfig, 'discoveryConfig')
  // WebSub §6.1.
  const toMovedTopic = { ...insecure, elsewhere, statuses: [301, 302, 303, 307, 308] }
  const ask: Fetch = (url, init = {}) => followRedirects(toTopic, url, init, toMovedTopic)
  return {
    async find() {
      const found = await discover(ask, topic)
      checkEndpoint(found.hub.href, 'the discovered hub', insecure)
      return found
    },
    post: postBy(toFoundHub),
    close: () => closeAll(toTopic, elsewhere, toFoundHub),
  }
}

async function closeAll(...fetches: readonly Fetch[]): Promise<void> {
  for (const fetch of fetches) await fetch.close?.()
}
