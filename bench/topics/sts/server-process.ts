// One server in a process of its own: sends its token endpoint, then its CPU time so far whenever it is asked.
import { servers } from './servers/index.ts'

const [name, folder = ''] = process.argv.slice(2)
const server = servers.find((one) => one.name === name)
if (server === undefined) throw new TypeError(`no server is named ${name}`)
process.send?.(await server.listen(folder))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
