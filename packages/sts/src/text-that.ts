import { ConfigError, text } from 'barre/core'
import type { Shape } from 'barre/core'

/** Text of a narrower kind. */
export function textThat(is: (value: string) => boolean, expected: string): Shape<string> {
  const plain = text(expected)
  return {
    check(value, path) {
      const checked = plain.check(value, path)
      if (is(checked)) return checked
      throw new ConfigError(path, `expected ${expected}`)
    },
    json: plain.json,
  }
}
