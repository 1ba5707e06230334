/** The one list of wires whose connections last: a line here has every provider's credentials end on them. */
export { connect, connectGrpc } from './connect.ts'
export { graphql } from './graphql.ts'
export { grpc } from './grpc.ts'
export { websocket } from './websocket.ts'
