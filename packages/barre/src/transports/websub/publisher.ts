import { ConfigError } from '../../core/index.ts'
import type { ClientConfiguration, Services } from '../../core/index.ts'
import { fetchClient } from '../fetch/index.ts'
import type { CallInit } from '../fetch/index.ts'

/** The hub that a publisher tells its updates, and how: the fields of a ClientConfiguration, and these. */
export interface PublisherConfig<Auth = unknown> extends ClientConfiguration {
  /** Where the hub takes updates. https, or plain http to loopback. */
  readonly hub: string
  readonly auth?: Auth
  readonly services?: Partial<Services>
}

/** A topic's new content. */
export interface Update {
  readonly contentType: string
  readonly content: NonNullable<RequestInit['body']>
}

/**
 * Tells a hub of updates. Both throw CredentialError where no credential could be had; every answer of the hub is
 * returned, refusals too.
 */
export interface Publisher {
  /** The content of `topic` has changed: the hub fetches it. */
  notifyUpdate(topic: string, init?: Behalf): Promise<Response>
  /** Here is the new content of `topic`, for the hub to distribute as it is. */
  publishUpdate(topic: string, update: Update, init?: Behalf): Promise<Response>
  close(): Promise<void>
}

type Behalf = Pick<CallInit, 'caller' | 'audience' | 'scopes' | 'signal'>

/** Makes a publisher; throws ConfigError. */
export function publisher(
  config: PublisherConfig,
  services: Pick<Services, 'fetchFor' | 'credentialSource'>,
): Publisher {
  const { hub, services: _services, ...clientConfig } = config
  if (typeof hub !== 'string' || !URL.canParse(hub)) {
    throw new ConfigError('hub', 'expected the absolute URL where the hub takes updates')
  }
  const call = fetchClient({ ...clientConfig, baseUrl: hub }, services)
  return {
    notifyUpdate(topic, init) {
      const body = new URLSearchParams({ 'hub.mode': 'publish', 'hub.topic': topic })
      return call(new URL(hub), { ...init, method: 'POST', body })
    },
    publishUpdate(topic, { contentType, content }, init) {
      const url = new URL(hub)
      url.search = new URLSearchParams({ 'hub.mode': 'publish', 'hub.topic': topic }).toString()
      const headers = { 'content-type': contentType }
      // Node's fetch insists on it for streams.
      const stream = content instanceof ReadableStream && { duplex: 'half' as const }
      return call(url, { ...init, method: 'POST', headers, body: content, ...stream })
    },
    close: () => call.close(),
  }
}
