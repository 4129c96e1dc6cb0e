import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPublicAddress } from '../../src/outbound/public-address.ts'

const special = {
  'this network': ['0.0.0.0', '0.1.2.3', '::'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
  'link-local': ['169.254.0.1', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1'],
  metadata: ['169.254.169.254', '100.100.100.200', '192.0.0.192', '168.63.129.16', 'fd00:ec2::254', 'fe80::a9fe:a9fe'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  benchmarks: ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  'multicast, reserved, broadcast': ['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', 'ff02::1'],
  'an IPv4 address inside IPv6': [
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
  ],
  '6to4 and Teredo': ['2002:7f00:1::', '192.88.99.1', '2001::1', '2001:0:7f00:1::'],
  'discard and segment routing': ['100::1', '5f00::1'],
  'no address': ['', 'localhost', '127.1', '0x7f000001', '2130706433', '127.0.0.1 ', '8.8.8.8:80', '[2606:4700::1]'],
}

for (const [kind, addresses] of Object.entries(special)) {
  test(`${kind} is not public (RFC 6890, A105)`, () => {
    for (const address of addresses) assert.equal(isPublicAddress(address), false, address)
  })
}

test('addresses beside the special blocks are public (RFC 6890)', () => {
  const addresses = [
    '8.8.8.8',
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '2003::1',
    '2a00:1450::1',
    '3ffe::1',
  ]
  for (const address of addresses) assert.equal(isPublicAddress(address), true, address)
})
