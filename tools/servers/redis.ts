// Why: counting attempts across processes is only as good as a real shared store says.
import { createServerFolder, freePorts, startProcess } from './child.ts'
import type { RealServer } from './server.ts'

export const redis: RealServer<object> = {
  name: 'Redis',
  packages: ['redis-server'],
  program: 'redis-server',
  async start() {
    const folder = await createServerFolder('redis')
    const [port = 0] = await freePorts(1)
    const args = [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--dir',
      folder.path,
      '--save',
      '',
      '--appendonly',
      'no',
    ]
    const process = await startProcess('redis-server', args, [port])
    return {
      ports: { redis: port },
      async stop() {
        await process.end()
        await folder.remove()
      },
    }
  },
}
