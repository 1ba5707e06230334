/** What tests of NestJS share. Node runs no decorator syntax, so decorators are called. */
import type { Type } from '@nestjs/common'
import { authMetadata } from '../src/transports/nest/index.ts'
import type { ResourceAuth } from '../src/auth/index.ts'

type Decorate = (prototype: object, name: string, property: PropertyDescriptor) => unknown

/** Decorates methods of a class, and says what each demands; `undefined`: nothing is said. */
export function decorate(
  type: Type,
  methods: Readonly<Record<string, readonly [Decorate, (ResourceAuth | undefined)?]>>,
  own?: ResourceAuth,
): Type {
  const prototype = type.prototype as object
  for (const [name, [decorator, auth]] of Object.entries(methods)) {
    const property = Object.getOwnPropertyDescriptor(prototype, name)!
    decorator(prototype, name, property)
    if (auth !== undefined) authMetadata(auth)(prototype, name, property)
    Object.defineProperty(prototype, name, property)
  }
  if (own !== undefined) authMetadata(own)(type)
  return type
}

/** A module's class around what it holds. */
export function toService(parts: object): { readonly module: Type } {
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest knows a module by its class
  class Service {}
  return { module: Service, ...parts }
}
