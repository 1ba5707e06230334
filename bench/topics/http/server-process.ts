// One server in a process of its own: sends its port, then its CPU time so far whenever it is asked.
import { readFileSync } from 'node:fs'
import { frameworks } from './servers/index.ts'
import type { Issued } from '../jwt/tokens.ts'

const [name, file = ''] = process.argv.slice(2)
const service = Object.values(frameworks)
  .flat()
  .find((one) => one.name === name)
if (service === undefined) throw new TypeError(`no service is named ${name}`)
const issued = JSON.parse(readFileSync(file, 'utf8')) as Issued
process.send?.(await service.listen(issued))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
