/** @tainted */
export function source(): string {
  return 'from outside'
}

export function sink(/** @sensitive */ _value: unknown): void {}

export function condition(): boolean {
  return sink.length > 0
}
