import { expect } from 'chai'
import { defaultTimeLimitMs } from '../conformance/time-limit.ts'
import { card, inSwarm, knownHost } from '../discovery/known-host.fake.ts'
import type { HostsExamined } from '../preflight/examine-hosts.ts'
import { chooseAddresses } from '../discovery/own-addresses.ts'
import { sshLab } from '../host/ssh/ssh-lab.ts'
import { toTopology } from '../discovery/to-topology.ts'
import { suites } from '../../suites/index.ts'
import { hostsExitCode, hostsPage } from './doctor-hosts.ts'
import { givenHosts } from './given-hosts.ts'
import { style } from './terminal.ts'
import { announcementLines } from './validate-announcement.ts'
import { reproduce, type ValidateFlags } from './validate.ts'
import { foretellValidation } from './validate-forecast.ts'

const flags: ValidateFlags = { profile: 'standard', reportDir: 'reports', timeout: defaultTimeLimitMs }

describe('validate', () => {
  it('says the command that does it again, with quotes where a shell needs them', () => {
    expect(reproduce(['ops@m1:2222'], flags)).to.equal('swarmproof validate ops@m1:2222')
    expect(
      reproduce([], {
        ...flags,
        inventory: 'my hosts.yml',
        knownHosts: ['a', 'b'],
        init: true,
        leave: true,
        profile: 'quick',
        only: ['ENC', 'VXL-01'],
        grep: "it's (clear|secret)",
        toolboxImage: 'registry.example/tools:1',
        load: 200,
        timeout: 90_000,
      }),
    ).to.equal(
      `swarmproof validate --inventory 'my hosts.yml' --known-hosts a b --init --leave --profile quick --only ENC VXL-01 --grep 'it'\\''s (clear|secret)' --load 200 --toolbox-image registry.example/tools:1 --timeout 90000ms`,
    )
  })

  it('refuses no hosts', () => {
    expect(() => givenHosts([], {})).to.throw('no hosts are given')
  })

  it('says beforehand what it will create, and which requirements it leaves out', () => {
    const known = ['1', '2'].map((n) =>
      knownHost(`h${n}`, {
        interfaces: [card('eth0', `10.1.0.${n}/24`)],
        swarm: inSwarm(`n${n}`, `10.1.0.${n}`, { isManager: n === '1' }),
      }),
    )
    const lab = sshLab('x', toTopology(known), known)
    const found = { lab, known, addresses: chooseAddresses(known), warnings: [] }
    const overlay = { subnet: '172.20.9.0/24', gateway: '172.20.9.254' }
    const footprint = { prefix: 'swp-ab12', clear: overlay, secret: overlay, ports: [20_001] }
    const lines = (disruptive: string[]): string =>
      announcementLines({
        found,
        footprint,
        creates: ['networks: swp-ab12-clear 172.20.9.0/24'],
        suites,
        disruptive,
        flags: {},
      }).join('\n')
    expect(lines([]))
      .to.contain('The swarm of 2 hosts')
      .and.to.contain('172.20.9.0/24')
      .and.to.contain('None of them restarts')
    expect(lines([])).to.match(/skipped as disruptive: .*ENC-08/)
    expect(lines(['ENC-08'])).to.contain('MAY BREAK OR SHAPE THESE HOSTS, as you asked: ENC-08')
  })

  it('says without creating anything how much it would send, and how long that may take', async () => {
    const known = ['1', '2'].map((n) =>
      knownHost(`h${n}`, {
        interfaces: [card('eth0', `10.1.0.${n}/24`)],
        swarm: inSwarm(`n${n}`, `10.1.0.${n}`, { isManager: n === '1' }),
      }),
    )
    const { topology } = toTopology(known)
    const plan = { topology, found: { known }, suites, disruptive: [], flags: { reportDir: '/nowhere' } }
    const { expected, line } = await foretellValidation(plan)
    expect(expected.probes).to.be.within(300, 1200)
    expect(line).to.match(
      /^Verifying \d+ requirements with about \d+ probes, expected to take \d+ to \d+ min/,
    )
    const gossip = suites.map((suite) => ({
      ...suite,
      tests: suite.tests.filter(({ id }) => id === 'CTL-02'),
    }))
    const few = await foretellValidation({ ...plan, suites: gossip })
    expect(few.line).to.match(/^Verifying 1 requirement with about 5 probes, /)
    const serial = await foretellValidation({ ...plan, flags: { ...plan.flags, serial: true } })
    expect(serial.expected.seconds).to.be.at.least(expected.seconds)
  })
})

describe('doctor of hosts', () => {
  const paint = style({ isTTY: false })
  const fine = { host: 'a', name: 'engine', status: 'ok' as const, detail: '28.5.2' }
  const port = {
    from: 'a',
    to: 'b',
    what: '4789/udp',
    left: 'yes',
    arrived: 'yes',
    accepted: 'yes',
    detail: 'is accepted',
  } as const
  const mtu = { from: 'a', to: 'b', pathBytes: 1500, interfaceBytes: 1500, detail: 'whole' }
  const examined = (more: Partial<HostsExamined>): HostsExamined => ({
    findings: [fine],
    preflight: { ports: [port], mtu: [mtu], unmeasured: [] },
    warnings: [],
    ...more,
  })

  it('ends with 0, 1 where something is blocked between them, 70 where a host cannot be verified', () => {
    const blocked = {
      ports: [{ ...port, arrived: 'no' as const, detail: 'is swallowed' }],
      mtu: [mtu],
      unmeasured: [],
    }
    const small = { ports: [port], mtu: [{ ...mtu, pathBytes: 1400 }], unmeasured: [] }
    const missing = {
      ...fine,
      name: 'access',
      status: 'missing' as const,
      detail: 'no way in',
      hint: 'ssh a',
    }
    const all = [
      examined({}),
      examined({ preflight: blocked }),
      examined({ preflight: small }),
      examined({ findings: [missing] }),
    ]
    expect(all.map(hostsExitCode)).to.deep.equal([0, 1, 1, 70])
    expect(hostsPage(examined({ preflight: blocked }), paint))
      .to.contain('blocked  is swallowed')
      .and.to.contain('will not work')
    expect(hostsPage(examined({ findings: [missing] }), paint))
      .to.contain('-> ssh a')
      .and.to.contain('see access of a')
  })
})
