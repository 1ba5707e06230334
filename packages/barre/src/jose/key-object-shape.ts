import { KeyObject } from 'node:crypto'
import { instance } from '../core/index.ts'
import type { Shape } from '../core/index.ts'

/** A public or private key, or a shared secret, that code has made. */
export const keyObjectShape: Shape<KeyObject> = instance(
  'a KeyObject',
  (value): value is KeyObject => value instanceof KeyObject,
)
