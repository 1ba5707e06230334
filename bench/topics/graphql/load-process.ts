// The load of one query.
import { load } from '../http/load.ts'

const body = JSON.stringify({ query: '{ order { status items } }' })
await load({ method: 'POST', path: '/graphql', body, served: '{"data":{"order":{"status":"open"' })
