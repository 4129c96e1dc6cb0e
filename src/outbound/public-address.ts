import { BlockList, isIP } from 'node:net'

// The special-purpose registries of IANA (RFC 6890). In IPv6 the list is turned round: only global unicast is public, so
// that loopback, local, multicast, mapped, translated (NAT64) and whatever is assigned later are out without being named.
const SPECIAL_V4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT, and a cloud's metadata at 100.100.100.200
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // a cloud's host agent, on an address that looks public
  '169.254.0.0/16', // link-local, and the metadata of most clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/3', // multicast, reserved and broadcast
]
const GLOBAL_V6 = ['2000::/3']
const SPECIAL_V6 = [
  '2001::/23', // protocol assignments, with Teredo, which hides an IPv4 address
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which hides an IPv4 address
  '3fff::/20', // documentation
]

function blocks(family: 'ipv4' | 'ipv6', subnets: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', prefix] = subnet.split('/')
    list.addSubnet(network, Number(prefix), family)
  }
  return (address) => list.check(address, family)
}
const isSpecialV4 = blocks('ipv4', SPECIAL_V4)
const isGlobalV6 = blocks('ipv6', GLOBAL_V6)
const isSpecialV6 = blocks('ipv6', SPECIAL_V6)

/** Whether an address is one on the public internet. Anything that is not plainly so is not, text that is no address too. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !isSpecialV4(address)
  return isIP(address) === 6 && !address.includes('%') && isGlobalV6(address) && !isSpecialV6(address)
}
