import { BlockList, isIP } from 'node:net'
import { ConfigError } from '../../core/index.ts'

/** The most X-Forwarded-For values that are looked at, from the nearest proxy outwards. */
export const forwardedMaxHops = 32

/** Whether an address is one of the proxies whose X-Forwarded-* headers are believed. */
export type Trusts = (address: string) => boolean

/** Compiles `trustedProxies`: addresses and CIDR ranges. */
export function toTrusts(addresses: readonly string[], path: string): Trusts {
  const list = new BlockList()
  addresses.forEach((entry, index) => addEntry(list, entry, `${path}[${index}]`))
  return (address) => {
    const family = isIP(address)
    return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }
}

function addEntry(list: BlockList, entry: unknown, path: string): void {
  const [address, prefix, ...rest] = typeof entry === 'string' ? entry.split('/') : []
  const family = isIP(address ?? '')
  const longest = family === 4 ? 32 : 128
  const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (address === undefined || family === 0 || rest.length > 0 || bits < 0 || bits > longest) {
    throw new ConfigError(path, "expected an address or a range, such as '10.0.0.7' or '10.0.0.0/8'")
  }
  list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
}

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** An IPv4 address that a dual-stack socket shows as IPv6, as IPv4. */
export function unmapped(address: string): string {
  return mapped.exec(address)?.[1] ?? address
}

/** Whether only this machine can reach an address. */
export function isLoopback(address: string): boolean {
  const plain = unmapped(address)
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/** The caller's address: the nearest one in `forwarded` that is not itself a trusted proxy. */
export function forwardedAddress(forwarded: readonly string[], peer: string, trusts: Trusts): string {
  const hops = forwarded.flatMap((value) => value.split(',')).slice(-forwardedMaxHops)
  let nearest = peer
  for (const hop of hops.toReversed()) {
    const address = unmapped(hop.trim())
    if (!trusts(nearest) || isIP(address) === 0) break
    nearest = address
  }
  return nearest
}
