import * as kits from './index.ts'
import { mailSuites } from './suite.ts'

await mailSuites(Object.values(kits))
