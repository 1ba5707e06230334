import type * as Ldap from 'ldapts'
import { ConfigError } from '../../core/index.ts'
import { DirectoryUnavailable } from './directory.ts'
import type { Directory, DirectoryEntry } from './directory.ts'
import { isBelow, toNameKey } from './distinguished-name.ts'
import { compileFilter } from './filter-template.ts'
import type { LdapUserStoreConfig } from './config.ts'

/** The most groups of one user, those of groups included. */
const groupsMax = 1_000
/** How deep groups of groups are followed. */
const groupDepthMax = 10
/** How many members one search asks about. */
const membersAtOnce = 50

/** Finds the names of a user's groups: their scopes. */
export type GroupFinder = (user: DirectoryEntry, directory: Directory) => Promise<readonly string[]>

/** Throws ConfigError where the configuration cannot work. */
export function createGroupFinder(ldap: typeof Ldap, config: LdapUserStoreConfig, path: string): GroupFinder {
  const finder = createSearches(ldap, config, path)
  const depth = config.nestedGroups === true ? groupDepthMax : 1
  return async (user, directory) => {
    const found = new Map<string, DirectoryEntry>()
    let members: readonly DirectoryEntry[] = [user]
    for (let level = 0; level < depth && members.length > 0; level++) {
      const fresh: DirectoryEntry[] = []
      for (const group of await finder(members, directory, level === 0)) {
        const key = toNameKey(group.name)
        if (found.has(key)) continue
        found.set(key, group)
        fresh.push(group)
      }
      if (found.size > groupsMax) throw new DirectoryUnavailable(`the user has more than ${groupsMax} groups`)
      members = fresh
    }
    const names = [...found.values()].flatMap((group) => group.values(config.groupNameAttribute))
    return [...new Set(names)]
  }
}

/** The groups of which one of the members is one. */
type GroupSearch = (
  members: readonly DirectoryEntry[],
  directory: Directory,
  areUsers: boolean,
) => Promise<readonly DirectoryEntry[]>

function createSearches(ldap: typeof Ldap, config: LdapUserStoreConfig, path: string): GroupSearch {
  const isGroup = compileGroupFilter(ldap, config, path)
  switch (config.membershipAttribute.toLowerCase()) {
    case 'memberof':
      return byOwnAttribute(config, isGroup)
    case 'memberuid':
      if (config.nestedGroups === true) {
        throw new ConfigError(`${path}.nestedGroups`, 'memberUid holds users only: groups cannot hold groups')
      }
      return byMember(ldap, config, isGroup, (user) => user.values(config.userNameAttribute))
    default:
      return byMember(ldap, config, isGroup, (member) => [member.name])
  }
}

/** What makes an entry a group: its class, the list filter, and a name that the search filter could find. */
function compileGroupFilter(ldap: typeof Ldap, config: LdapUserStoreConfig, path: string): Ldap.Filter {
  const named = compileFilter(ldap, config.groupNameSearchFilter, `${path}.groupNameSearchFilter`, {
    wantsPlace: true,
  })
  const listed = compileFilter(ldap, config.groupNameListFilter, `${path}.groupNameListFilter`, {
    wantsPlace: false,
  })
  const ofClass = new ldap.EqualityFilter({ attribute: 'objectClass', value: config.groupEntryObjectClass })
  return new ldap.AndFilter({ filters: [ofClass, listed.fillAny(), named.fillAny()] })
}

/** Groups list their members: one search below each base. */
function byMember(
  ldap: typeof Ldap,
  config: LdapUserStoreConfig,
  isGroup: Ldap.Filter,
  valuesOf: (member: DirectoryEntry) => readonly string[],
): GroupSearch {
  const attribute = config.membershipAttribute
  return async (members, directory) => {
    const values = members.flatMap(valuesOf)
    const groups: DirectoryEntry[] = []
    for (let start = 0; start < values.length; start += membersAtOnce) {
      const some = values.slice(start, start + membersAtOnce)
      const hasOne = new ldap.OrFilter({
        filters: some.map((value) => new ldap.EqualityFilter({ attribute, value })),
      })
      const filter = new ldap.AndFilter({ filters: [isGroup, hasOne] })
      for (const base of config.groupSearchBase) {
        const attributes = [config.groupNameAttribute]
        groups.push(
          ...(await directory.search({ base, scope: 'sub', filter, attributes, sizeLimit: groupsMax + 1 })),
        )
      }
    }
    return groups
  }
}

/** Members list their groups: each group below a base is read. */
function byOwnAttribute(config: LdapUserStoreConfig, isGroup: Ldap.Filter): GroupSearch {
  return async (members, directory) => {
    const names = new Map<string, string>()
    for (const name of members.flatMap((member) => member.values(config.membershipAttribute))) {
      if (isBelow(name, config.groupSearchBase)) names.set(toNameKey(name), name)
    }
    if (names.size > groupsMax) throw new DirectoryUnavailable(`the user has more than ${groupsMax} groups`)
    const attributes = [config.groupNameAttribute, config.membershipAttribute]
    const found = [...names.values()].map((base) =>
      directory.search({ base, scope: 'base', filter: isGroup, attributes, sizeLimit: 1 }),
    )
    return (await Promise.all(found)).flat()
  }
}
