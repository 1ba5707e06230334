// Why: only a process of its own can be killed. Takes its configuration as JSON, and says when it listens.
import { startSts } from '@barre/sts'
import type { StsConfig } from '@barre/sts'

await startSts(JSON.parse(process.argv[2] ?? '') as StsConfig)
process.send?.('listening')
