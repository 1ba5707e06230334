// Why: editors complete and check `auth` in configuration files by a JSON Schema; derived from the registry of
// kinds, it cannot fall behind the code. `npm run schema` writes it, a test sees that it was run.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { authSchema } from '../packages/barre/src/auth/schema.ts'
import { workspaceRoot } from './workspace.ts'

export const schemaFile: string = join(workspaceRoot, 'packages/barre/schema/auth.schema.json')

/** The file as it should be. */
export function schemaText(): string {
  return `${JSON.stringify(authSchema(), undefined, 2)}\n`
}

if (import.meta.main) writeFileSync(schemaFile, schemaText())
