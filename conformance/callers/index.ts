/** The one list of calling wires: a line here gives every source this wire too. */
export { fetch } from './fetch.ts'
export { grpc } from './grpc.ts'
