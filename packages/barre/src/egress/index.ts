export { createFetch } from './fetch.ts'
