// The load of connections: opens one after the other, twenty at a time.
import { close, load, parallel } from './load.ts'
import type { Open } from './load.ts'

await load(async (open) => Array.from({ length: parallel }, () => (isOver) => connect(open, isOver)))

async function connect(open: Open, isOver: () => boolean): Promise<number> {
  let opened = 0
  while (!isOver()) {
    await close(await open())
    opened++
  }
  return opened
}
