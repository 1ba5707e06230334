// npm run bench -- <topic> [topic] [--rounds N] [--only TEXT]
import { parseArgs } from 'node:util'
import { installPeers } from './runner/install.ts'
import { measureTable } from './runner/measure.ts'
import { formatTable } from './runner/print.ts'
import { topics } from './topics.ts'
import type { Table } from './runner/topic.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string' } },
})
const rounds = Number(values.rounds)
const unknown = positionals.filter((name) => !Object.hasOwn(topics, name))
if (
  positionals.length === 0 ||
  unknown.length > 0 ||
  !Number.isInteger(rounds) ||
  rounds < 1 ||
  rounds > 99
) {
  const names = Object.keys(topics).join(' | ')
  console.error(`usage: npm run bench -- <${names}> ... [--rounds 1..99] [--only TEXT of a title]`)
  process.exit(2)
}
installPeers()
for (const name of positionals) await runTopic(name)

async function runTopic(name: string): Promise<void> {
  const topic = await topics[name]!()
  const { tables, close } = await topic.prepare()
  try {
    for (const table of tables.filter(isWanted)) {
      const outcome = await measureTable(table, table.rounds ?? rounds, showProgress)
      showProgress('')
      console.log(`${formatTable(table, outcome)}\n`)
    }
  } finally {
    await close()
  }
}

function isWanted({ title }: Table): boolean {
  return values.only === undefined || title.toLowerCase().includes(values.only.toLowerCase())
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
