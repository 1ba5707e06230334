// One server in a process of its own.
import { serve } from '../http/serve.ts'
import { connecting, messaging } from './services.ts'

await serve([...connecting, ...messaging])
