export { forwardedMaxHops } from './address.ts'
export { toChecked } from './checked.ts'
export type { Checked } from './checked.ts'
export { toFetchCall } from './fetch-call.ts'
export { handler } from './handler.ts'
export type { Credentials, Handler } from './handler.ts'
export { toCall } from './http-call.ts'
export { requireOrigin, toSettings } from './http-options.ts'
export type { HttpOptions, HttpSettings } from './http-options.ts'
export { nodeHttp } from './node-http.ts'
export { normalisePath, pathMaxLength } from './path.ts'
export { protect } from './protect.ts'
export type { ProtectedListener, RequestContext, RequestHandler, ResourceOptions } from './protect.ts'
export {
  drain,
  drainMaxBytes,
  groupHeaders,
  hasLongBody,
  notFound,
  phrase,
  sendable,
  sendRefusal,
  sendReply,
  writeRefusal,
} from './refusal.ts'
export type { HttpRefusal } from './refusal.ts'
export type { ResourceMetadata, ResourceMetadataConfig } from './resource-metadata.ts'
export { toResourceTable } from './resources.ts'
export type { Params, ResourceTable } from './resources.ts'
export {
  findProblem,
  intercept,
  mustNotServe,
  onListen,
  problemFinder,
  refuseStreams,
  refuseToStart,
  serverOf,
} from './server.ts'
export type { Intercept } from './server.ts'
export { isBelow, isMarked, isPassing, mark, passesOn } from './settled.ts'
export { serveSocket } from './socket.ts'
