import { getAdapter } from 'axios'
import type { AxiosAdapter, AxiosRequestConfig } from 'axios'
import type { Services } from '../../core/index.ts'
import { fetchClient } from '../fetch/index.ts'
import type { FetchClientConfig } from '../fetch/index.ts'

/** For `axios.create({ adapter })`. */
export interface Adapter extends AxiosAdapter {
  /** Whether a credential can be had now. */
  ready(): boolean
  close(): Promise<void>
}

/** Makes an axios adapter that calls by `barre/fetch`; throws ConfigError. */
export function toAdapter(
  config: FetchClientConfig,
  services: Pick<Services, 'fetchFor' | 'credentialSource'>,
): Adapter {
  const client = fetchClient(config, services)
  const fetch = (url: URL | Request | string, init?: RequestInit): Promise<Response> =>
    client(url instanceof Request ? url.url : url, init)
  // Without a Request axios gives its fetch the body as it is, which can then be sent again.
  const env = { fetch, Request: null, Response } as unknown as NonNullable<AxiosRequestConfig['env']>
  const send = getAdapter('fetch', { env })
  return Object.assign((request: Parameters<AxiosAdapter>[0]) => send(request), {
    ready: () => client.ready(),
    close: () => client.close(),
  })
}
