import * as kits from './index.ts'
import { brokerSuites } from './suite.ts'

await brokerSuites(Object.values(kits))
