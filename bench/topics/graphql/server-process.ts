// One server in a process of its own.
import { serve } from '../http/serve.ts'
import { services } from './services.ts'

await serve(services)
