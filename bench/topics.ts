import type { Topic } from './runner/topic.ts'

/** Every topic by its name; a topic is loaded when it is asked for. */
export const topics: Readonly<Record<string, () => Promise<Topic>>> = {
  jwt: async () => (await import('./topics/jwt/index.ts')).jwt,
  http: async () => (await import('./topics/http/index.ts')).http,
  grpc: async () => (await import('./topics/grpc/index.ts')).grpc,
  websocket: async () => (await import('./topics/websocket/index.ts')).websocket,
  graphql: async () => (await import('./topics/graphql/index.ts')).graphql,
  logins: async () => (await import('./topics/logins/index.ts')).logins,
  crypto: async () => (await import('./topics/crypto/index.ts')).crypto,
  sts: async () => (await import('./topics/sts/index.ts')).sts,
  check: async () => (await import('./topics/check/index.ts')).check,
  import: async () => (await import('./topics/import/index.ts')).importCost,
}
