// Why: how long logins take, and how they fare while a directory restarts, is measured by hand: a shared machine is no
// place for a test of time.
//   npm run logins timing [TRIES]   |t| below 4.5 between unknown users and wrong passwords, of each kind of store
//   npm run logins load [TRIES]     logins over the pool, then the directory killed and restarted under load
// What a flood of logins does to other routes is a topic of the benchmarks.
import { loadDirectory } from './load.ts'
import { timeLogins } from './timing.ts'

const [verb, tries] = process.argv.slice(2)
if (verb === 'timing') await timeLogins(Number(tries ?? 10_000))
else if (verb === 'load') await loadDirectory(Number(tries ?? 10_000))
else {
  console.error('usage: npm run logins timing|load [TRIES]')
  process.exitCode = 2
}
