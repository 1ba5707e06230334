import { barre } from './barre.ts'
import { fastJwt } from './fast-jwt.ts'
import { jose } from './jose.ts'
import { jsonWebToken } from './jsonwebtoken.ts'
import { primitives } from './primitives.ts'
import type { Library } from './library.ts'

/** The contenders, the limit first. */
export const libraries: readonly Library[] = [primitives, barre, fastJwt, jsonWebToken, jose]

export function libraryNamed(name: string | undefined): Library {
  const found = libraries.find((library) => library.name === name)
  if (found === undefined) throw new TypeError(`no library is named ${name}`)
  return found
}
