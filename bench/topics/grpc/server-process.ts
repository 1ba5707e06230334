// One server in a process of its own: sends its port, then its CPU time so far whenever it is asked.
import { readFileSync } from 'node:fs'
import type { Issued } from '../jwt/tokens.ts'
import { services } from './services.ts'

const [name = '', file = ''] = process.argv.slice(2)
const service = services[name]
if (service === undefined) throw new TypeError(`no service is named ${name}`)
process.send?.(await service.listen(JSON.parse(readFileSync(file, 'utf8')) as Issued))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
