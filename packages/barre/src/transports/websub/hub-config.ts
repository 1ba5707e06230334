import {
  allowInsecureEndpoint,
  checkEndpoint,
  clientConfigurationShape,
  ConfigError,
  instance,
  list,
  number,
  oneOf,
  optional,
  record,
  text,
  flag,
} from '../../core/index.ts'
import type { ClientConfiguration, Shape } from '../../core/index.ts'
import { tellsIdentity } from './identity.ts'
import type { DeliveryRules } from './deliveries.ts'
import type { SignatureMethod } from './signature.ts'
import type { RequestRules } from './subscription-request.ts'
import type { SubscriptionStore } from './subscription-store.ts'
import { decodeUnreserved } from './unreserved.ts'

/** What a hub distributes, and to whom. */
export interface HubConfig {
  /** The hub's own URL, as topics name it: subscribers call its path, publishers `/publish` below it. */
  readonly hubUrl: string
  /** The URLs of the topics. The hub fetches them when told that they changed. */
  readonly topics: readonly string[]
  /** Whose callbacks are called: `https://subscriber.example`. */
  readonly allowedCallbackOrigins: readonly string[]
  /** Addresses and ranges, not public, that those origins may have nevertheless. */
  readonly allowedAddresses?: readonly string[]
  /** Default: in memory, and forgotten by a restart. One that is given is not closed. */
  readonly store?: SubscriptionStore
  /** Default a minute, 30 days and 10 days, in seconds. */
  readonly leaseSeconds?: Partial<RequestRules['leaseSeconds']>
  /** Default `sha256`. */
  readonly signature?: SignatureMethod
  /** How callbacks are called, without an identity. */
  readonly callbackConfig?: ClientConfiguration
  /** How topics are fetched. */
  readonly topicConfig?: ClientConfiguration
  /** Default 5 tries, after 1, 2, 4 and 8 s, and never more than 60 s. */
  readonly retry?: Partial<Pick<DeliveryRules, 'attempts' | 'firstRetrySeconds' | 'longestRetrySeconds'>>
  /** Leases at one time; default 10,000. */
  readonly subscriptionsMax?: number
  /** Deliveries under way or waiting; default 20,000. */
  readonly deliveriesMax?: number
  /** The same to the callbacks of one origin, which loses what is beyond; default 2,000. */
  readonly deliveriesPerOriginMax?: number
  /** Requests of subscribers that are being verified; default 1,000. */
  readonly verificationsMax?: number
  /** The most content of one update, in bytes; default 1 MiB. */
  readonly contentMaxBytes?: number
  readonly [allowInsecureEndpoint]?: boolean
}

/** Checked HubConfig. */
export interface HubSettings extends RequestRules, DeliveryRules {
  readonly hub: URL
  readonly allowedAddresses: readonly string[]
  readonly store?: SubscriptionStore
  readonly callbackConfig: ClientConfiguration
  readonly topicConfig: ClientConfiguration
  readonly subscriptionsMax: number
  readonly verificationsMax: number
  readonly contentMaxBytes: number
}

const leaseMaxSeconds = 31_536_000

const seconds = (): Shape<number> => number({ min: 1, max: leaseMaxSeconds, unit: 'seconds', integer: true })
const wait = (): Shape<number> => number({ min: 0.001, max: 86_400, unit: 'seconds' })
const amount = (max = 1_000_000): Shape<number> => number({ min: 1, max, integer: true })

const shape: Shape<HubConfig> = record<HubConfig>({
  hubUrl: text(),
  topics: list(text(), 1),
  allowedCallbackOrigins: list(text(), 1),
  allowedAddresses: optional(list(text())),
  store: optional(instance('a SubscriptionStore', isStore)),
  leaseSeconds: optional(
    record<NonNullable<HubConfig['leaseSeconds']>>({
      min: optional(seconds()),
      max: optional(seconds()),
      default: optional(seconds()),
    }),
  ),
  signature: optional(oneOf('sha256', 'sha384', 'sha512')),
  callbackConfig: optional(clientConfigurationShape),
  topicConfig: optional(clientConfigurationShape),
  retry: optional(
    record<NonNullable<HubConfig['retry']>>({
      attempts: optional(amount(20)),
      firstRetrySeconds: optional(wait()),
      longestRetrySeconds: optional(wait()),
    }),
  ),
  subscriptionsMax: optional(amount()),
  deliveriesMax: optional(amount()),
  deliveriesPerOriginMax: optional(amount()),
  verificationsMax: optional(amount()),
  contentMaxBytes: optional(number({ min: 1, max: 1_073_741_824, unit: 'bytes', integer: true })),
  [allowInsecureEndpoint]: optional(flag()),
})

/** Throws ConfigError. */
export function toHubSettings(config: HubConfig): HubSettings {
  const checked = shape.check(config, '')
  const insecure = { [allowInsecureEndpoint]: checked[allowInsecureEndpoint] === true }
  if (tellsIdentity(checked.callbackConfig ?? {})) {
    throw new ConfigError(
      'callbackConfig',
      'callbacks are others’ addresses and must not get an identity of ours',
    )
  }
  return {
    subscriptionsMax: 10_000,
    deliveriesMax: 20_000,
    deliveriesPerOriginMax: 2000,
    verificationsMax: 1000,
    contentMaxBytes: 1_048_576,
    signature: 'sha256',
    allowedAddresses: [],
    ...checked,
    attempts: 5,
    firstRetrySeconds: 1,
    longestRetrySeconds: 60,
    ...checked.retry,
    hub: toHubUrl(checked.hubUrl, insecure),
    topics: new Map(
      checked.topics.map((topic, index) => [
        decodeUnreserved(topic),
        toTopic(topic, `topics[${index}]`, insecure),
      ]),
    ),
    allowedCallbackOrigins: new Set(checked.allowedCallbackOrigins.map(toOrigin)),
    mayBePlainHttp: insecure[allowInsecureEndpoint],
    leaseSeconds: toLease(checked.leaseSeconds ?? {}),
    callbackConfig: { ...insecure, ...checked.callbackConfig },
    topicConfig: { ...insecure, ...checked.topicConfig },
  }
}

function toHubUrl(value: string, options: { readonly [allowInsecureEndpoint]: boolean }): URL {
  const url = checkEndpoint(value, 'hubUrl', options)
  if (url.search === '' && url.hash === '' && url.href === value) return url
  throw new ConfigError('hubUrl', 'expected a URL in its normal form, without query and fragment')
}

function toTopic(
  value: string,
  path: string,
  options: { readonly [allowInsecureEndpoint]: boolean },
): string {
  checkEndpoint(value, path, options)
  // It stands in a Link header.
  if (/^[\x21-\x7e]+$/.test(value) && !/[<>#]/.test(value)) return value
  throw new ConfigError(path, 'expected a URL of printable ASCII, without fragment')
}

function toOrigin(value: string, index: number): string {
  if (URL.parse(value)?.origin === value && /^https?:/.test(value)) return value
  throw new ConfigError(
    `allowedCallbackOrigins[${index}]`,
    "expected scheme and host only, such as 'https://subscriber.example'",
  )
}

function toLease(given: NonNullable<HubConfig['leaseSeconds']>): RequestRules['leaseSeconds'] {
  const lease = { min: 60, max: 2_592_000, default: 864_000, ...given }
  if (lease.min <= lease.default && lease.default <= lease.max) return lease
  throw new ConfigError('leaseSeconds', 'expected min <= default <= max')
}

function isStore(value: unknown): value is SubscriptionStore {
  return typeof value === 'object' && value !== null && 'put' in value && 'purge' in value
}
