import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sarif from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' }
import { Ajv } from 'ajv'

/** What of `value` the schema refuses, as text; empty when nothing. */
export function refusals(schema: object, value: unknown): string {
  const ajv = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false, allErrors: true })
  const isValid = ajv.compile(schema)
  return isValid(value) ? '' : ajv.errorsText(isValid.errors)
}

/** The schema of SARIF 2.1.0, which is written for an older draft: what names the draft is left out. */
export const sarifSchema: object = { ...sarif, $schema: undefined, id: undefined }

export function modelSchema(): object {
  return JSON.parse(readFileSync(join(import.meta.dirname, '..', 'models', 'schema.json'), 'utf8'))
}
