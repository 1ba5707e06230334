// Starts the system on throw-away certificates, makes every call, and ends: exit code 0 when all came out as expected.
import { steps, take } from './steps.ts'
import { startSystem } from './system.ts'

const system = await startSystem()
try {
  for (const step of steps) {
    const { status, shownTo } = await take(step, system)
    const isAsExpected = status === step.expected && shownTo === step.shownTo
    if (!isAsExpected) process.exitCode = 1
    console.log(`${isAsExpected ? '✓' : '✗'} ${status} ${step.title} (${step.to})`)
  }
} finally {
  await system.close()
}
