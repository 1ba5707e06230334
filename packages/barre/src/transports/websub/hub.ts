import type { Rules, Services } from '../../core/index.ts'
import { protect } from '../http/index.ts'
import type { HttpOptions, ProtectedListener } from '../http/index.ts'
import { Deliveries } from './deliveries.ts'
import type { Content } from './deliveries.ts'
import { toHubSettings } from './hub-config.ts'
import type { HubConfig } from './hub-config.ts'
import { answer } from './message.ts'
import { sqliteSubscriptions } from './subscription-store.ts'
import { Updates } from './updates.ts'
import { Verifications } from './verifications.ts'

export interface HubOptions<ServiceAuth = unknown, Auth = unknown> extends HubConfig {
  readonly auth: ServiceAuth
  /** What subscribers must show; `true`, the default, is the service's `auth` as it is, `false` lets anybody. */
  readonly subscribe?: Auth | true
  /** What publishers must show. */
  readonly publish?: Auth | true
  /** How the hub's own endpoint stands on the network. */
  readonly http?: HttpOptions
  /** What it takes from the outside world, where that is not the machine's own. */
  readonly services?: Partial<Services>
}

export interface Hub {
  /** For `createServer` of node:http or node:https. */
  readonly listener: ProtectedListener
  /**
   * Begins to send content to the subscribers of a topic; answers how many there are. Throws for an unknown topic, and
   * where too many deliveries are waiting.
   */
  publish(topic: string, content: Content): Promise<number>
  /** Ends what is under way and the connections; the server is the program's to close. */
  close(): Promise<void>
}

type HubServices = Pick<Services, 'fetchFor' | 'now' | 'random' | 'log'>

/** Makes a hub; throws ConfigError. */
export function hub(rules: Rules, options: Omit<HubOptions, 'auth'>, services: HubServices): Hub {
  const { subscribe = true, publish = true, http = {}, services: _, ...config } = options
  const settings = toHubSettings(config)
  const { allowedAddresses, callbackConfig, topicConfig } = settings
  const toCallback = services.fetchFor(callbackConfig, 'callbackConfig', { allowedAddresses })
  const fromTopic = services.fetchFor(topicConfig, 'topicConfig')
  const store = settings.store ?? sqliteSubscriptions(':memory:')
  const deliveries = new Deliveries(settings, toCallback, store, services)
  const verifications = new Verifications(settings, toCallback, store, services)
  const updates = new Updates(settings, fromTopic, deliveries, services.log)
  const { pathname } = settings.hub
  const subscribeRoute = `POST ${pathname}`
  const resources = {
    [subscribeRoute]: subscribe,
    [`POST ${pathname.replace(/\/$/, '')}/publish`]: publish,
  }
  const listener = protect(rules, { ...http, resources }, (request, response, { route }) => {
    const served =
      route === subscribeRoute ? verifications.take(request, response) : updates.take(request, response)
    served.catch((error: unknown) => {
      services.log.error({ err: error }, 'the hub failed')
      answer(request, response, 500)
    })
  })
  const end = async (): Promise<void> => {
    deliveries.close()
    await Promise.all([toCallback.close?.(), fromTopic.close?.(), listener.close()])
    await verifications.settled()
    if (settings.store === undefined) await store.close()
  }
  let closing: Promise<void> | undefined
  return {
    listener,
    publish: (topic, content) => updates.publish(topic, content),
    close: () => (closing ??= end()),
  }
}
