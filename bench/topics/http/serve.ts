import { readFileSync } from 'node:fs'
import type { Issued } from '../jwt/tokens.ts'
import type { Service } from './servers/service.ts'

/**
 * The work of a server's process: starts the service that its arguments name, sends where it listens, then its CPU
 * time so far, in microseconds, whenever it is asked.
 */
export async function serve(services: readonly Service[]): Promise<void> {
  const [name, file = ''] = process.argv.slice(2)
  const service = services.find((one) => one.name === name)
  if (service === undefined) throw new TypeError(`no service is named ${name}`)
  process.send?.(await service.listen(JSON.parse(readFileSync(file, 'utf8')) as Issued))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
}
