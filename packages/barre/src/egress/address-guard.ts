import { lookup as resolve } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { ConfigError } from '../core/index.ts'
import type { EgressGuard } from '../core/index.ts'

/** Decides on the addresses that connections are opened to. */
export interface AddressGuard {
  allows(address: string): boolean
  /** For `net.connect` and `tls.connect`: resolves a name to those of its addresses that are allowed. */
  readonly lookup: LookupFunction
}

/** The IANA special-purpose registries (RFC 6890): what is not globally reachable, multicast and 6to4 relays. */
const specialIpv4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const

/** Within 2000::/3, which is all that is public: protocol assignments, documentation, and what embeds IPv4. */
const specialIpv6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

const special = new BlockList()
for (const [address, bits] of specialIpv4) special.addSubnet(address, bits, 'ipv4')
for (const [address, bits] of specialIpv6) special.addSubnet(address, bits, 'ipv6')
const publicIpv6 = new BlockList()
publicIpv6.addSubnet('2000::', 3, 'ipv6')

/** Public addresses, and those that `guard` names; throws ConfigError that names `path`. */
export function addressGuard(guard: EgressGuard, path: string): AddressGuard {
  const named = new BlockList()
  for (const [index, entry] of (guard.allowedAddresses ?? []).entries()) {
    addEntry(named, entry, `${path}[${index}]`)
  }
  const allows = (address: string): boolean => isListed(named, address) || isPublic(address)
  return { allows, lookup: (host, options, callback) => lookup(allows, host, options, callback) }
}

function isPublic(address: string): boolean {
  const version = isIP(address)
  if (version === 0 || isListed(special, address)) return false
  return version === 4 || isListed(publicIpv6, address)
}

function isListed(list: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

function addEntry(list: BlockList, entry: unknown, path: string): void {
  const [address = '', bits] = typeof entry === 'string' ? entry.split('/', 2) : []
  const version = isIP(address)
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const longest = version === 4 ? 32 : 128
  const isWhole = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)
  if (version === 0 || !isWhole) {
    throw new ConfigError(path, "expected an IP address or a range, such as '10.1.0.0/16'")
  }
  list.addSubnet(address, bits === undefined ? longest : Number(bits), family)
}

function lookup(
  allows: (address: string) => boolean,
  host: string,
  options: Parameters<LookupFunction>[1],
  callback: Parameters<LookupFunction>[2],
): void {
  resolve(host, { ...options, all: true }, (error, found) => {
    if (error !== null) return callback(error, '')
    const allowed = found.filter(({ address }) => allows(address))
    const [first] = allowed
    if (first === undefined) return callback(mayNotConnect(host), '')
    if (options.all === true) callback(null, allowed)
    else callback(null, first.address, first.family)
  })
}

/** The same for a refused name and address, so that the log tells what to allow. */
export function mayNotConnect(host: string): Error {
  const message = `connecting to ${host} is refused: its address is not public, nor allowed by name`
  return Object.assign(new Error(message), { code: 'EGRESS_REFUSED' })
}
