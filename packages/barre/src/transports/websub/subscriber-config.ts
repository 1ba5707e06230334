import {
  allowInsecureEndpoint,
  allowSha1Signature,
  checkEndpoint,
  clientConfigurationShape,
  ConfigError,
  flag,
  list,
  number,
  optional,
  record,
  Secret,
  secret,
  table,
  text,
} from '../../core/index.ts'
import type { ClientConfiguration, Services, Shape } from '../../core/index.ts'
import { tellsIdentity } from './identity.ts'

/** What to subscribe to, and where its content shall come (Ballerina's SubscriberServiceConfiguration). */
export interface SubscriberConfig<Auth = unknown> {
  /** A topic, which is asked for its hub, or `[hub, topic]`. */
  readonly target: string | readonly [hub: string, topic: string]
  /** The URL by which the hub reaches our listener; best one that nobody can guess. https, or http to loopback. */
  readonly callback: string
  /** How long the hub shall send, in seconds; the hub decides. It is asked again at 80 % of its lease. */
  readonly leaseSeconds?: number
  /** Signs the content; at most 199 bytes. Absent: a random one. */
  readonly secret?: string | Secret
  /** Whether `close` asks the hub to stop. */
  readonly unsubscribeOnShutdown?: boolean
  /** More fields for the hub beside WebSub's own. */
  readonly customParams?: Readonly<Record<string, string>>
  /** How the hub is called. An identity (`auth`, `customHeaders`, a key) needs `target: [hub, topic]`. */
  readonly httpConfig?: ClientConfiguration & { readonly auth?: Auth }
  /** How the topic is asked for its hub. */
  readonly discoveryConfig?: ClientConfiguration
  /** Addresses and ranges, not public, that a discovered hub, and whom a redirect names, may have nevertheless. */
  readonly allowedAddresses?: readonly string[]
  /** The most content of one delivery, in bytes; default 1 MiB. */
  readonly contentMaxBytes?: number
  /** What it takes from the outside world, where that is not the machine's own. */
  readonly services?: Partial<Services>
  readonly [allowSha1Signature]?: boolean
  readonly [allowInsecureEndpoint]?: boolean
}

/** Checked SubscriberConfig. */
export interface SubscriberSettings extends Omit<
  SubscriberConfig,
  'target' | 'callback' | 'secret' | 'services'
> {
  /** Absent: discovered. */
  readonly hub?: URL
  readonly topic: string
  readonly callback: URL
  readonly secret?: Secret
  readonly contentMaxBytes: number
}

/** WebSub §5.1: `hub.secret` is less than 200 bytes long. */
export const secretMaxBytes = 199

const contentDefaultBytes = 1_048_576

type Checked = Omit<SubscriberConfig, 'target' | 'services'>

const shape: Shape<Checked> = record<Checked>({
  callback: text(),
  leaseSeconds: optional(number({ min: 1, max: 31_536_000, unit: 'seconds', integer: true })),
  secret: optional(secret()),
  unsubscribeOnShutdown: optional(flag()),
  customParams: optional(table(text())),
  httpConfig: optional(clientConfigurationShape),
  discoveryConfig: optional(clientConfigurationShape),
  allowedAddresses: optional(list(text())),
  contentMaxBytes: optional(number({ min: 1, max: 1_073_741_824, unit: 'bytes', integer: true })),
  [allowSha1Signature]: optional(flag()),
  [allowInsecureEndpoint]: optional(flag()),
})

/** Throws ConfigError. */
export function toSubscriberSettings(config: SubscriberConfig): SubscriberSettings {
  const { target, services: _services, ...rest } = config
  const { callback, secret: given, ...checked } = shape.check(rest, '')
  const shared = given === undefined || given instanceof Secret ? given : new Secret(given)
  if (shared !== undefined && Buffer.byteLength(shared.reveal()) > secretMaxBytes) {
    throw new ConfigError('secret', `expected at most ${secretMaxBytes} bytes (WebSub §5.1)`)
  }
  for (const name of Object.keys(checked.customParams ?? {})) {
    if (name.startsWith('hub.'))
      throw new ConfigError(`customParams.${name}`, 'hub.* fields are WebSub’s own')
  }
  return {
    contentMaxBytes: contentDefaultBytes,
    ...checked,
    ...toTarget(target, checked),
    callback: withoutFragment(checkEndpoint(callback, 'callback', checked), 'callback'),
    ...(shared && { secret: shared }),
  }
}

function toTarget(
  target: unknown,
  { httpConfig = {}, ...options }: Pick<SubscriberConfig, 'httpConfig' | typeof allowInsecureEndpoint>,
): Pick<SubscriberSettings, 'hub' | 'topic'> {
  if (typeof target === 'string') {
    if (tellsIdentity(httpConfig)) {
      throw new ConfigError('target', 'who finds out the hub must not send it an identity: give [hub, topic]')
    }
    withoutFragment(checkEndpoint(target, 'target', options), 'target')
    return { topic: target }
  }
  const [hub, topic, ...more] = Array.isArray(target) ? (target as unknown[]) : []
  if (typeof hub !== 'string' || typeof topic !== 'string' || more.length > 0 || !URL.canParse(topic)) {
    throw new ConfigError('target', 'expected the URL of a topic, or [hub, topic]')
  }
  return { hub: checkEndpoint(hub, 'target[0]', options), topic }
}

function withoutFragment(url: URL, path: string): URL {
  if (url.hash === '') return url
  throw new ConfigError(path, 'a fragment is never sent; leave it out')
}
