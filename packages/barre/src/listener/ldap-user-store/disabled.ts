import type { DirectoryEntry } from './directory.ts'

/** How directories say that an account is switched off: a bind fails then, while a search still finds the entry. */
const signs: Readonly<Record<string, (value: string) => boolean>> = {
  // draft-behera-ldap-password-policy-11 §5.3.3: locked until an administrator ends it. (OpenLDAP)
  pwdAccountLockedTime: (value) => value === '000001010000Z',
  // 389 Directory Server.
  nsAccountLock: (value) => value.toLowerCase() === 'true',
  // MS-ADTS §2.2.16, ADS_UF_ACCOUNTDISABLE.
  userAccountControl: (value) => (Number(value) & 0x2) !== 0,
}

/** What has to be asked for, since some of it is operational. */
export const statusAttributes: readonly string[] = Object.keys(signs)

export function isDisabled(user: DirectoryEntry): boolean {
  return Object.entries(signs).some(([attribute, isSet]) => user.values(attribute).some(isSet))
}
