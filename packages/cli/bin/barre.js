#!/usr/bin/env node
// The compiled program where there is one (an installed package), else the source (this repository).
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'

const compiled = new URL('../dist/main.js', import.meta.url)
const isCompiled = existsSync(compiled)
if (!isCompiled) {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: ['@barre/source', ...context.conditions] }),
  })
}
const { main } = await import(isCompiled ? compiled.href : new URL('../src/main.ts', import.meta.url).href)
process.exitCode = await main(process.argv.slice(2), process)
