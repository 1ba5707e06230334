// One server in a process of its own.
import { serve } from './serve.ts'
import { frameworks } from './servers/index.ts'

await serve(Object.values(frameworks).flat())
