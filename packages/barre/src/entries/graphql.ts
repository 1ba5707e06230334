import type { GraphQLSchema } from 'graphql'
import { createServices, demandsOnly } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { guardSchema as guardWith } from '../transports/graphql/index.ts'
import type { SchemaOptions } from '../transports/graphql/index.ts'

export { authDirective, overWebSocket } from '../transports/graphql/index.ts'
export type * from '../transports/graphql/index.ts'

export interface GuardOptions extends SchemaOptions {
  readonly services?: Partial<Services>
}

/** Guards the fields of a schema by what they declare, in place, and returns it; throws ConfigError. */
export function guardSchema(schema: GraphQLSchema, options: GuardOptions = {}): GraphQLSchema {
  const services = createServices(options.services)
  return guardWith(demandsOnly(services), schema, services, options)
}
