// Why: only a process of its own can be killed. Takes its configuration as JSON, and says when it listens.
import { startSts } from '@barre/sts'
import { untaint } from 'barre/taint'
import type { StsConfig } from '@barre/sts'

// Written by the suite that starts it.
await startSts(untaint(JSON.parse(process.argv[2] ?? '') as StsConfig))
process.send?.('listening')
