/** WebSub: its two listeners, and each client that calls for it. */
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, createPublisher, createSubscriber } from 'barre/websub'
import type { HubConfig, SubscriberConfig } from 'barre/websub'
import type { ClientSecureSocket, Provider } from 'barre/core'
import { byFetch, onHttps, serveHttp } from './http.ts'
import { auth, optional, patience, silent, topic } from './kit.ts'
import type { Open, Serve, Wire } from './kit.ts'

const allowedAddresses = ['127.0.0.1', '::1']
const limits = { connectTimeout: patience, reqTimeout: patience }

const serveHub: Serve = onHttps(
  createHub({
    auth,
    subscribe: optional,
    hubUrl: 'https://hub.example/who',
    topics: [topic],
    allowedCallbackOrigins: ['https://reader.example'],
  }).listener,
)

const serveSubscriber: Serve = onHttps(
  createSubscriber(
    { target: ['https://hub.example/', topic], callback: 'https://reader.example/who' },
    { onEventNotification: () => undefined },
  ).listener,
)

const byPublisher: Open = (port, secureSocket, services) => {
  const publisher = createPublisher({
    hub: `https://localhost:${port}/who`,
    secureSocket,
    services,
    ...limits,
  })
  return { call: () => publisher.notifyUpdate(topic), close: () => publisher.close() }
}

type Target = (
  url: string,
  secureSocket: ClientSecureSocket,
) => Pick<SubscriberConfig, 'target' | 'httpConfig' | 'discoveryConfig'>

const bySubscriber =
  (toTarget: Target): Open =>
  (port, secureSocket, services) => {
    const subscriber = createSubscriber(
      {
        ...toTarget(`https://localhost:${port}/who`, secureSocket),
        callback: 'https://reader.example/cb',
        allowedAddresses,
        services,
      } as Parameters<typeof createSubscriber>[0],
      { onEventNotification: () => undefined },
    )
    return { call: () => subscriber.subscribe(), close: () => subscriber.close() }
  }

/** Whom the hub asks does not matter here. */
const nobody: Provider = {
  schemes: ['None'],
  read: () => undefined,
  verify: () => {
    throw new Error('nothing was read')
  },
  challenges: () => [],
}

interface Told {
  readonly config: (origin: string, secureSocket: ClientSecureSocket) => Partial<HubConfig>
  readonly path: string
  readonly form: (origin: string) => Record<string, string>
}

/** A hub that is told something over plain HTTP, and calls for it over TLS. */
const byHub =
  ({ config, path, form }: Told): Open =>
  (port, secureSocket, services) => {
    const origin = `https://localhost:${port}`
    const log = new EventEmitter()
    const hub = createHub({
      auth: [{ provider: nobody }],
      subscribe: false,
      publish: false,
      hubUrl: 'https://hub.example/hub',
      topics: [topic],
      allowedCallbackOrigins: [origin],
      allowedAddresses,
      ...config(origin, secureSocket),
      services: { ...services, log: { ...silent, info: () => log.emit('info') } },
    })
    const server = createServer(hub.listener)
    return {
      async call() {
        if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
        // A callback is called after the answer, and none echoes the challenge here.
        const told = path === '/hub' && once(log, 'info')
        const { status } = await fetch(url, { method: 'POST', body: new URLSearchParams(form(origin)) })
        await told
        throw new Error(`the hub answered ${status}`)
      },
      async close() {
        server.closeAllConnections()
        server.close()
        await hub.close()
      },
    }
  }

const byCallback = byHub({
  config: (_origin, secureSocket) => ({ callbackConfig: { secureSocket, ...limits } }),
  path: '/hub',
  form: (origin) => ({ 'hub.mode': 'subscribe', 'hub.topic': topic, 'hub.callback': `${origin}/who` }),
})

const byTopic = byHub({
  config: (origin, secureSocket) => ({
    topics: [`${origin}/who`],
    topicConfig: { secureSocket, ...limits },
  }),
  path: '/hub/publish',
  form: (origin) => ({ 'hub.mode': 'publish', 'hub.topic': `${origin}/who` }),
})

const clients: Readonly<Record<string, Open>> = {
  'websub publisher': byPublisher,
  'websub subscriber to its hub': bySubscriber((url, secureSocket) => ({
    target: [url, topic],
    httpConfig: { secureSocket, ...limits },
  })),
  'websub subscriber to its topic': bySubscriber((url, secureSocket) => ({
    target: url,
    discoveryConfig: { secureSocket, ...limits },
  })),
  'websub hub to a topic': byTopic,
}

export const websubWires: readonly Wire[] = [
  { name: 'websub hub', serve: serveHub, open: byFetch('HTTP_1_1'), tried: ['listener'] },
  {
    name: 'websub subscriber',
    serve: serveSubscriber,
    open: byFetch('HTTP_1_1'),
    tried: ['listener'],
    asksNobody: true,
  },
  ...Object.entries(clients).map(([name, open]): Wire => ({
    name,
    serve: serveHttp,
    open,
    tried: ['client'],
  })),
  {
    name: 'websub hub to a callback',
    serve: serveHttp,
    open: byCallback,
    tried: ['client'],
    unusable: ['key'],
  },
]
