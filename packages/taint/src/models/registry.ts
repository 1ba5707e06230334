import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LibraryFile } from './library.ts'
import { Models } from './library.ts'

/** The data is beside `src` and `dist`, so that both find it at the same place. */
const DATA = join(import.meta.dirname, '..', '..', 'models')

/** Models of the libraries this package knows, and of the project's own `barre.taint.json` files. */
export function loadModels(extra: readonly LibraryFile[] = []): Models {
  const models = new Models()
  models.addMethods(JSON.parse(readFileSync(join(DATA, 'methods.json'), 'utf8')))
  const folder = join(DATA, 'libraries')
  for (const name of readdirSync(folder).toSorted()) {
    if (name.endsWith('.json')) models.add(JSON.parse(readFileSync(join(folder, name), 'utf8')))
  }
  for (const file of extra) models.add(file)
  return models
}
