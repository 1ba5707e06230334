import type { PluginFunction } from 'nodemailer'

/** Where a mail names people. */
const fields = ['from', 'sender', 'replyTo', 'to', 'cc', 'bcc', 'envelope'] as const

/**
 * Refuses a mail with a line break in an address. The library lets none begin a command, but may then read the rest as
 * another address, and send the mail there.
 */
export const refuseLineBreaks: PluginFunction = ({ data }, done) => {
  const field = fields.find((name) => hasLineBreak(data[name]))
  done(field === undefined ? null : new TypeError(`${field}: a line break cannot stand in an address`))
}

/** The deepest is an address in a list in an envelope. */
const depthMax = 3

function hasLineBreak(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return /[\r\n\0]/.test(value)
  if (typeof value !== 'object' || value === null || depth > depthMax) return false
  return Object.values(value).some((member) => hasLineBreak(member, depth + 1))
}
