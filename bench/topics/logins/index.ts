import { join } from 'node:path'
import { nextMessage, start, stop } from '../../runner/child.ts'
import type { Row, Topic } from '../../runner/topic.ts'
import type { Guard } from './service-process.ts'

const serviceProcess = join(import.meta.dirname, 'service-process.ts')
const probeProcess = join(import.meta.dirname, 'probe-process.ts')
/** Wrong logins a second: far more than a small machine can hash. */
const floodRate = 200
const alone = 'the open route alone'

/** What a flood of logins does to the other routes of the service: passwords are dear to check, on purpose. */
export const logins: Topic = {
  async prepare() {
    return {
      tables: [
        {
          title: `An open route beside ${floodRate} wrong logins a second (argon2id): its p99 on the wall`,
          unit: 'ms',
          rows: [
            { name: alone, measure: () => measureProbe('barre', 0) },
            flooded('beside logins that barre checks', 'barre'),
            flooded('beside logins that go to crypto.argon2 as they come', 'bare'),
          ],
        },
      ],
      close: async () => {},
    }
  },
}

function flooded(name: string, guard: Guard): Row {
  return { name, measure: () => measureProbe(guard, floodRate), limit: (figureOf) => figureOf(alone) }
}

/** The 99th percentile of the open route's answer times, in milliseconds. */
async function measureProbe(guard: Guard, loginsPerSecond: number): Promise<number> {
  const service = start(serviceProcess, [guard])
  try {
    const port = await nextMessage<number>(service)
    const probe = start(probeProcess, [String(port), String(loginsPerSecond)])
    try {
      return await nextMessage<number>(probe)
    } finally {
      await stop(probe)
    }
  } finally {
    await stop(service)
  }
}
