/** The one list of wires whose connections last: a line here has every provider's credentials end on them. */
export { graphql } from './graphql.ts'
export { websocket } from './websocket.ts'
