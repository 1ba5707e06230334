// The load of one route.
import { load } from './load.ts'

await load({ method: 'GET', path: '/order', served: '"status":"open"' })
