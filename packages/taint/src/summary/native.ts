import type { Call, Frame, Outcome } from './frame.ts'
import type { Obj } from './object.ts'

/** A function of the language whose effect no row can say. */
export type Native = (frame: Frame, call: Call, target?: Obj) => Outcome | undefined
