import { allowInsecureEndpoint, checkEndpoint } from '../../core/index.ts'
import type { Fetch, Services } from '../../core/index.ts'
import { fetchClient } from '../fetch/index.ts'
import { discover } from './discovery.ts'
import type { Discovered } from './discovery.ts'
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
  if (hub !== undefined) {
    const call = fetchClient({ ...insecure, ...httpConfig, baseUrl: hub.origin + hub.pathname }, services)
    return { find: () => Promise.resolve({ hub, topic }), post: postWith(call), close: () => call.close() }
  }
  const fromTopic = services.fetchFor({ ...insecure, ...discoveryConfig }, 'discoveryConfig')
  // The hub's URL is what a page says, not what the program configured.
  const toHub = services.fetchFor({ ...insecure, ...httpConfig }, 'httpConfig', {
    ...(allowedAddresses && { allowedAddresses }),
  })
  return {
    async find() {
      const found = await discover(fromTopic, topic)
      checkEndpoint(found.hub.href, 'the discovered hub', insecure)
      return found
    },
    post: postWith(toHub),
    async close() {
      await Promise.all([fromTopic.close?.(), toHub.close?.()])
    },
  }
}

function postWith(fetch: Fetch): HubClient['post'] {
  return async (hub, form) => {
    const response = await fetch(hub, { method: 'POST', body: form })
    await response.body?.cancel()
    return response.status
  }
}
