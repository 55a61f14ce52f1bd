import { expect } from 'chai'
import type { Finding } from '../lib/observation/finding.ts'
import type { Problem } from '../lib/observation/problem.ts'
import type { FirewallRule } from '../lib/observe/host-state.ts'
import { causesWhere } from './stored/causes-where.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'

const node = 'worker1'
const port = { node, service: 'swp-web', protocol: 'TCP', port: 8080 } as const
const silent: Problem = {
  ...{ ...port, code: 'port-not-answered', kind: 'missed', address: '192.168.56.12' },
  ...{ path: { from: 'manager', to: node }, observed: '4 of 4' },
}
const elsewhere: Problem = {
  ...{ ...port, code: 'port-translated-elsewhere', kind: 'seen', network: 'ingress' },
  ...{ subject: 'nat DOCKER-INGRESS', expected: '172.18.0.2:8080', observed: '172.18.0.9:8080' },
}
const own: Problem = {
  ...{ node, code: 'own-traffic-not-masqueraded', kind: 'missed', subject: 'nat POSTROUTING' },
}
const ports = [
  ['tcp', 8080],
  ['tcp', 8081],
  ['udp', 8081],
  ['tcp', 8082],
] as const
const leading = (to: string, which: number = ports.length): string[] =>
  ports
    .slice(0, which)
    .map(
      ([protocol, number]) =>
        `-p ${protocol} -m ${protocol} --dport ${number} -j DNAT --to-destination ${to}:${number}`,
    )

interface Upgrade {
  /** Address that the mesh had before. */
  readonly former: string
  /** Of the engine before, where the host did not start again since. */
  readonly isAsked?: boolean
  /** How many ports the engine of today leads. */
  readonly led?: number
  /** Connections that the rules of before counted meanwhile. */
  readonly packets?: number
}

/**
 * As moby/moby#53118 has it, not recorded: the engine publishes ports in the chain DOCKER, and the chain of an engine before
 * is still there.
 */
function upgraded({ former, isAsked = true, led = ports.length, packets = 5 }: Upgrade): ChangeKernel {
  return ({ root }, name, when) => {
    if (name !== node) return
    const count = when === 'kernel-after' ? packets : 0
    const chain = (of: string, ...rules: readonly string[]): FirewallRule[] =>
      rules.map((rule, index) => ({
        ...{ table: 'nat', chain: of, position: index + 1, rule, bytes: 0, packets: count },
      }))
    const jump = '-m addrtype --dst-type LOCAL -j'
    const before = isAsked ? [`${jump} DOCKER-INGRESS`] : []
    const today = leading('172.18.0.2', led).map((rule) => `! -i docker_gwbridge ${rule}`)
    root.firewall = [
      ...root.firewall.filter(({ table }) => table !== 'nat'),
      ...chain('PREROUTING', ...before, `${jump} DOCKER`),
      ...chain('OUTPUT', ...before, `! -d 127.0.0.0/8 ${jump} DOCKER`),
      ...chain('DOCKER-INGRESS', ...leading(former), '-j RETURN'),
      ...chain('DOCKER', ...today),
    ]
  }
}

const found = (upgrade: Upgrade): Finding[] =>
  causesWhere({ 'ING-01': [silent], 'ING-05': [elsewhere, own] }, upgraded(upgrade))
const codes = (upgrade: Upgrade): string[] => found(upgrade).map(({ code }) => code)

describe('an engine that was upgraded in place', function () {
  this.timeout(30_000)

  it('is led astray by a chain of before that is still asked: one finding, that says how to be rid of it', () => {
    const [first, ...others] = found({ former: '172.18.0.9' })
    expect(first).to.deep.include({
      ...{ code: 'foreign-translation', nodes: [node], explains: ['ING-01', 'ING-05'] },
    })
    expect(first?.title).to.match(
      /^worker1 leads port 8080\/tcp to 172\.18\.0\.9:8080: iptables -t nat -A DOCKER-INGRESS .*, 5 connections meanwhile$/,
    )
    expect(first?.cause)
      .to.contain('An engine before 29.8 made the chain')
      .and.not.contain('no engine made it')
    expect(first?.remedy[0]).to.contain("grep -- '-j DOCKER-INGRESS'").and.contain('restart the host')
    expect(others).to.deep.equal([])
  })

  it('is not where the chain is not asked, or counted nothing', () => {
    expect(codes({ former: '172.18.0.9', isAsked: false })).to.not.include('foreign-translation')
    expect(codes({ former: '172.18.0.9', packets: 0 })).to.not.include('foreign-translation')
  })

  it('is not where the mesh has its former address, or the rule is the only one of the port', () => {
    expect(codes({ former: '172.18.0.2' })).to.not.include('foreign-translation')
    expect(codes({ former: '172.18.0.9', led: 0 })).to.not.include('foreign-translation')
  })
})
