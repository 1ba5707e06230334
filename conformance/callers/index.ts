/** The one list of calling wires: a line here gives every source this wire too. */
export { axios } from './axios.ts'
export { connect } from './connect.ts'
export { fetch } from './fetch.ts'
export { grpc } from './grpc.ts'
export { undici } from './undici.ts'
export { websocket } from './websocket.ts'
export { websub } from './websub.ts'
