import {
  allowInsecureEndpoint,
  clientSecureSocketShape,
  either,
  flag,
  list,
  number,
  optional,
  record,
  secret,
  text,
} from '../../core/index.ts'
import type { ClientSecureSocket, Secret, Shape } from '../../core/index.ts'
import { loginMembers } from '../login-config.ts'
import type { LoginConfig } from '../login-config.ts'

/** Users, passwords and groups of a directory (RFC 4511). Names of attributes and classes are the directory's. */
export interface LdapUserStoreConfig extends LoginConfig {
  /** Which directory this is: principals are `domainName:username`. */
  readonly domainName: string
  /** `ldaps://host:636` or `ldap://host:389`; several, in a list or with spaces between, are tried in order. */
  readonly connectionUrl: string | readonly string[]
  /** The name (DN) that searches. */
  readonly connectionName: string
  readonly connectionPassword: string | Secret
  /** Where users are; several names with `#` between. */
  readonly userSearchBase: string
  /** The class that an entry must have to be a user. */
  readonly userEntryObjectClass: string
  /** The attribute that holds the user name, as the principal will have it. */
  readonly userNameAttribute: string
  /** Finds a user (RFC 4515); each `?` stands for the name that was sent. */
  readonly userNameSearchFilter: string
  /** What every user must match too. */
  readonly userNameListFilter: string
  /** Where groups are. */
  readonly groupSearchBase: readonly string[]
  /** The class that an entry must have to be a group. */
  readonly groupEntryObjectClass: string
  /** The attribute whose values become scopes. */
  readonly groupNameAttribute: string
  /** What a group's name must match; `?` stands for any text. */
  readonly groupNameSearchFilter: string
  /** What every group must match too. */
  readonly groupNameListFilter: string
  /** Of groups: `member`, `uniqueMember` or another one of names, or `memberUid`. Of users: `memberOf`. */
  readonly membershipAttribute: string
  /** Groups of groups count as well; default false. */
  readonly nestedGroups?: boolean
  /** Remember a user's groups for a minute; default false. */
  readonly userRolesCacheEnabled?: boolean
  /** Keep connections; default true. */
  readonly connectionPoolingEnabled?: boolean
  /** Seconds to connect, TLS included; default 5. */
  readonly connectionTimeout?: number
  /** Seconds for one answer; default 60. */
  readonly readTimeout?: number
  /** Seconds for which a right password needs no second look at the directory; default 0. */
  readonly loginCacheSeconds?: number
  /** Encrypt `ldap://` before anything is sent over it (RFC 4511 §4.14); default false. */
  readonly startTls?: boolean
  /** Whom to trust, for `ldaps://` and `startTls`. */
  readonly secureSocket?: ClientSecureSocket
  /** Send passwords in clear text off loopback. */
  readonly [allowInsecureEndpoint]?: boolean
}

const seconds = number({ min: 0.001, max: 3_600, unit: 'seconds' })

export const ldapUserStoreShape: Shape<LdapUserStoreConfig> = record<LdapUserStoreConfig>({
  domainName: text(),
  connectionUrl: either(text(), list(text(), 1)),
  connectionName: text(),
  connectionPassword: secret(),
  userSearchBase: text(),
  userEntryObjectClass: text(),
  userNameAttribute: text(),
  userNameSearchFilter: text(),
  userNameListFilter: text(),
  groupSearchBase: list(text(), 1),
  groupEntryObjectClass: text(),
  groupNameAttribute: text(),
  groupNameSearchFilter: text(),
  groupNameListFilter: text(),
  membershipAttribute: text(),
  nestedGroups: optional(flag()),
  userRolesCacheEnabled: optional(flag()),
  connectionPoolingEnabled: optional(flag()),
  connectionTimeout: optional(seconds),
  readTimeout: optional(seconds),
  loginCacheSeconds: optional(number({ max: 300, unit: 'seconds' })),
  startTls: optional(flag()),
  secureSocket: optional(clientSecureSocketShape),
  [allowInsecureEndpoint]: optional(flag()),
  ...loginMembers,
})
