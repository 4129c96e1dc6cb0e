import { BlockList, isIP } from 'node:net'

/** Networks by CIDR, asked about addresses. */
export interface Networks {
  /** An address that cannot be read is in none. IPv4 that comes mapped into IPv6 is IPv4. */
  includes(address: string): boolean
}

/** Whether a text is an address or a block that `blockList` understands. RFC 4632 §3.1, RFC 4291 §2.3 */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** A list with an entry that is no network holds nobody: a rule that cannot be read denies. */
export function blockList(networks: readonly string[]): Networks {
  const list = new BlockList()
  if (!networks.every(isNetwork)) return { includes: () => false }
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    list.addSubnet(address, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family)
  }
  return {
    includes: (address) => {
      const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
      const family = isIP(plain)
      return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
    },
  }
}
