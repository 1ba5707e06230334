// The messages of NATS Streaming, as its protocol.proto has them; fields that we neither set nor read are left out.

export const connectRequest = {
  clientId: [1, 'text'],
  heartbeatInbox: [2, 'text'],
  protocol: [3, 'number'],
  connectionId: [4, 'bytes'],
  pingSeconds: [5, 'number'],
  pingMaxOut: [6, 'number'],
} as const

/** Where the server of this session listens, each subject for one purpose. */
export const connectResponse = {
  publish: [1, 'text'],
  subscribe: [2, 'text'],
  unsubscribe: [3, 'text'],
  close: [4, 'text'],
  error: [5, 'text'],
  closeSubscription: [6, 'text'],
  ping: [7, 'text'],
  pingSeconds: [8, 'number'],
  pingMaxOut: [9, 'number'],
} as const

export const ping = { connectionId: [1, 'bytes'] } as const
export const pingResponse = { error: [1, 'text'] } as const

export const published = {
  clientId: [1, 'text'],
  guid: [2, 'text'],
  subject: [3, 'text'],
  data: [5, 'bytes'],
  connectionId: [6, 'bytes'],
} as const

export const publishAck = { guid: [1, 'text'], error: [2, 'text'] } as const

export const delivered = {
  sequence: [1, 'number'],
  subject: [2, 'text'],
  data: [4, 'bytes'],
  timestampNanos: [5, 'number'],
  redelivered: [6, 'number'],
  redeliveryCount: [7, 'number'],
} as const

export const ack = { subject: [1, 'text'], sequence: [2, 'number'] } as const

export const subscribeRequest = {
  clientId: [1, 'text'],
  subject: [2, 'text'],
  queueGroup: [3, 'text'],
  inbox: [4, 'text'],
  maxInFlight: [5, 'number'],
  ackWaitSeconds: [6, 'number'],
  durableName: [7, 'text'],
  startPosition: [10, 'number'],
  startSequence: [11, 'number'],
  startDeltaNanos: [12, 'number'],
} as const

export const subscribeResponse = { ackInbox: [2, 'text'], error: [3, 'text'] } as const

/** Ends a subscription, or closes it and keeps its durable name. */
export const unsubscribeRequest = {
  clientId: [1, 'text'],
  subject: [2, 'text'],
  ackInbox: [3, 'text'],
  durableName: [4, 'text'],
} as const

export const closeRequest = { clientId: [1, 'text'] } as const
export const closeResponse = { error: [1, 'text'] } as const
