import { flag } from '../core/index.ts'
import type { JsonSchema } from '../core/index.ts'
import * as providerKinds from './provider-kinds.ts'
import * as sourceKinds from './source-kinds.ts'
import { scopesShape } from './scopes.ts'
import { stepUpShape } from './step-up.ts'

/**
 * The JSON Schema (draft 2020-12) of a service's `auth`, for editors; `#/$defs/resourceAuth` and `#/$defs/clientAuth`
 * describe a resource's and a client's. What only code can give (providers, keys, symbols) is not in it.
 */
export function authSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'auth of a Barre service',
    $ref: '#/$defs/serviceAuth',
    $defs: {
      serviceAuth: { type: 'array', minItems: 1, items: { $ref: '#/$defs/entry' } },
      resourceAuth: {
        anyOf: [{ const: false }, adaptation, { $ref: '#/$defs/serviceAuth' }],
      },
      clientAuth: { anyOf: Object.values(sourceKinds).map((kind) => kind.shape.json) },
      entry: { anyOf: [...Object.values(providerKinds).map((kind) => oneWay(kind.key)), everyWay] },
      ...Object.fromEntries(Object.values(providerKinds).map((kind) => [kind.key, kind.shape.json])),
      scopes: scopesShape.json,
      stepUp: stepUpShape.json,
    },
  }
}

const scopes: JsonSchema = { $ref: '#/$defs/scopes' }
const stepUp: JsonSchema = { $ref: '#/$defs/stepUp' }

const adaptation: JsonSchema = {
  type: 'object',
  properties: { scopes, stepUp, optional: flag().json },
  minProperties: 1,
  additionalProperties: false,
}

function oneWay(key: string, more: JsonSchema = { scopes, stepUp }): JsonSchema {
  return {
    type: 'object',
    properties: { [key]: { $ref: `#/$defs/${key}` }, ...more },
    required: [key],
    additionalProperties: false,
  }
}

const everyWay: JsonSchema = {
  type: 'object',
  properties: {
    all: {
      type: 'array',
      minItems: 1,
      items: { anyOf: Object.values(providerKinds).map((kind) => oneWay(kind.key, {})) },
    },
    scopes,
    stepUp,
  },
  required: ['all'],
  additionalProperties: false,
}
