/** A module of Nest's around what it holds. */
export function toService<Parts extends object>(parts: Parts): Parts & { readonly module: new () => object } {
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest knows a module by its class
  class Service {}
  return { module: Service, ...parts }
}
