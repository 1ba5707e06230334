import type { Call, Frame, Outcome } from './frame.ts'
import type { Obj } from './object.ts'
import type { Value } from './value.ts'

/** A function of the language whose effect no row can say; `made` is the object that its row returns. */
export type Native = (frame: Frame, call: Call, target?: Obj, made?: Value) => Outcome | undefined
