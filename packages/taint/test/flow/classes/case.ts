import { sink, source } from '../kit.ts'

class Base {
  readonly held: string
  constructor(held: string) {
    this.held = held
  }
  get shown(): string {
    return `<${this.held}>`
  }
}

class Derived extends Base {
  show(): void {
    sink(this.held) // flags: any
  }
}

export function construct(): void {
  const tainted = new Derived(source())
  tainted.show()
  sink(tainted.shown) // flags: any
  sink(new Base('safe').shown)
}

class Repository {
  find(id: string): void {
    sink(id) // flags: any
  }
}

export class Service {
  readonly #repository: Repository
  constructor(repository: Repository) {
    this.#repository = repository
  }
  run(): void {
    this.#repository.find(source())
  }
}
