/** One operation, set up; what it answers is checked before it is measured. */
export type Operation = () => unknown

/** The same operation by several contenders. */
export interface Work {
  readonly title: string
  /** By name; the first is the limit. */
  readonly contenders: Readonly<Record<string, () => Operation | Promise<Operation>>>
  /** Whether what an operation answered, awaited, is right. */
  readonly isRight: (answer: unknown) => boolean | Promise<boolean>
}

export function areSame(answer: unknown, expected: Uint8Array): boolean {
  return (
    (answer instanceof Uint8Array || answer instanceof ArrayBuffer) &&
    Buffer.from(answer as Uint8Array).equals(expected)
  )
}
