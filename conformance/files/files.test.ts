import * as kits from './index.ts'
import { fileSuites } from './suite.ts'

await fileSuites(Object.values(kits))
