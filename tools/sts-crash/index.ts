// Why: that what was answered survives a crash is proven by crashing, thousands of times over; too long for a test.
//   npm run sts-crash [ROTATIONS] [sqlite|postgresql]   kill -9 at random points; default 10000 on each store
import { isInstalled, postgresql } from '../servers/index.ts'
import { crash } from './crash.ts'
import type { Report } from './crash.ts'

const [rotations = '10000', only] = process.argv.slice(2)

function print(name: string, report: Report): void {
  const { rotations: made, issued, kills, storeKills, retried, seconds, faults } = report
  console.log(
    `${name}: ${made} rotations and ${issued} other tokens in ${seconds.toFixed(0)} s, ` +
      `${kills} kills of the service, ${storeKills} of the data base, ${retried} requests whose answer was lost`,
  )
  for (const fault of faults) console.log(`  FAULT ${fault}`)
  if (faults.length === 0)
    console.log('  no accepted token lost, no token valid twice, no family wrongly revoked')
  else process.exitCode = 1
}

if (only !== 'postgresql') print('SQLite', await crash(Number(rotations)))
if (only !== 'sqlite') {
  if (isInstalled(postgresql)) {
    const server = await postgresql.start({})
    try {
      print('PostgreSQL', await crash(Number(rotations), server))
    } finally {
      await server.stop()
    }
  } else {
    console.log('PostgreSQL is not installed: npm run servers install')
  }
}
