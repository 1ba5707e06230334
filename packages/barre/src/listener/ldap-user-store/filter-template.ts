import type * as Ldap from 'ldapts'
import { ConfigError } from '../../core/index.ts'

/** A configured filter, parsed once; `?` in its values is a place for text that is not known yet. */
export interface FilterTemplate {
  /** With `value` in every place: as a value of a filter object, so that no character of it has a meaning. */
  fill(value: string): Ldap.Filter
  /** With any text in every place. */
  fillAny(): Ldap.Filter
}

// Stands for `?` while the text is parsed: a `?` of its own, written \3f, stays one.
const place = '\uE000'

/** Compiles a filter's text (RFC 4515). Throws ConfigError. */
export function compileFilter(
  ldap: typeof Ldap,
  filter: string,
  path: string,
  { wantsPlace }: { readonly wantsPlace: boolean },
): FilterTemplate {
  if (filter.includes(place)) throw new ConfigError(path, 'the character U+E000 has no place in a filter')
  if (wantsPlace && !filter.includes('?')) throw new ConfigError(path, "expected '?' where the name stands")
  const parsed = parse(ldap, filter.replaceAll('?', place), path)
  const build = (fill: (value: string) => string | undefined): Ldap.Filter =>
    rebuild(ldap, parsed, fill, path)
  // A place where no value is, in an attribute's name for example, shows at start.
  build((value) => value)
  return {
    fill: (value) => build((part) => part.replaceAll(place, () => value)),
    fillAny: () => build((part) => (part.includes(place) ? undefined : part)),
  }
}

function parse(ldap: typeof Ldap, filter: string, path: string): Ldap.Filter {
  try {
    return ldap.FilterParser.parseString(filter)
  } catch (cause) {
    throw new ConfigError(path, 'expected a filter (RFC 4515), as in (&(objectClass=person)(uid=?))', {
      cause,
    })
  }
}

/** The same filter with other values; where `fill` gives nothing, any text fits the place. */
function rebuild(
  ldap: typeof Ldap,
  filter: Ldap.Filter,
  fill: (value: string) => string | undefined,
  path: string,
): Ldap.Filter {
  const again = (inner: Ldap.Filter): Ldap.Filter => rebuild(ldap, inner, fill, path)
  if (filter instanceof ldap.AndFilter) return new ldap.AndFilter({ filters: filter.filters.map(again) })
  if (filter instanceof ldap.OrFilter) return new ldap.OrFilter({ filters: filter.filters.map(again) })
  if (filter instanceof ldap.NotFilter) return new ldap.NotFilter({ filter: again(filter.filter) })
  if (!filter.toString().includes(place)) return filter
  if (filter instanceof ldap.EqualityFilter && typeof filter.value === 'string') {
    const { attribute, value } = filter
    const filled = fill(value)
    return filled === undefined
      ? anyText(ldap, attribute, value)
      : new ldap.EqualityFilter({ attribute, value: filled })
  }
  if (filter instanceof ldap.SubstringFilter) {
    const { attribute, initial, any, final } = filter
    const all = [initial, ...any, final].map(fill)
    if (all.every((value) => value !== undefined)) {
      return new ldap.SubstringFilter({
        attribute,
        initial: all[0]!,
        any: all.slice(1, -1),
        final: all.at(-1)!,
      })
    }
    return anyText(ldap, attribute, [initial, ...any, final].join(place))
  }
  throw new ConfigError(path, "'?' may stand only in values that are compared with = or matched with *")
}

/** Matches `value` with any text, none included, in its places. */
function anyText(ldap: typeof Ldap, attribute: string, value: string): Ldap.Filter {
  const [initial = '', ...rest] = value.split(place)
  const final = rest.pop() ?? ''
  const any = rest.filter((part) => part !== '')
  if (initial === '' && final === '' && any.length === 0) return new ldap.PresenceFilter({ attribute })
  return new ldap.SubstringFilter({ attribute, initial, any, final })
}
