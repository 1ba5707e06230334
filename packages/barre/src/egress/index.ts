export { createFetch } from './fetch.ts'
export { createConnector } from './connector.ts'
