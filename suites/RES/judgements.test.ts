import { expect } from 'chai'
import type { ConformanceTest } from '../../lib/conformance/test.ts'
import type { Judgement } from '../../lib/observation/judgement.ts'
import { storedObservations } from '../stored/stored-run.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { everythingAgain, everythingEncryptedAgain } from './everything-again.ts'
import { movedTaskProblems, returnedProblems } from './moved-tasks.ts'
import { drain } from './res-01-drain.ts'
import { partition } from './res-02-partition.ts'
import { restart } from './res-03-restart.ts'
import { rollingUpdate } from './res-04-rolling-update.ts'
import { parseFirewall, parsePolicies } from '../../lib/observe/firewall.ts'
import { rulesOfWay, wayOfPort } from '../../lib/observe/way-of-port.ts'
import { of298 } from '../ING/rules-of-298.fake.ts'
import { firewallReload } from './res-05-firewall-reload.ts'

const codes = ({ problems }: Judgement): string[] => problems.map(({ code }) => code)
const polled = (last: unknown, reached = true) => ({
  ...{
    reached,
    seconds: 12.5,
    withinSeconds: 125,
    failedLooks: 0,
    looks: [{ atSeconds: 12.5, seen: last }],
    last,
  },
})
const lab = storedObservations('standard-conformant', [...everythingEncryptedAgain, { id: 'ING-05' }])

/** As a lab showed it where everything holds; of the requirement named as if one probe had got no answer. */
const again = (tests: readonly ConformanceTest[], failing?: 'OVL-03') => ({
  polled: polled({ generation: 0, left: failing === undefined ? [] : [failing] }, failing === undefined),
  facts: lab.facts,
  verified: tests.map(({ id }) => ({
    id,
    seen: id === failing ? withASilentProbe(lab.seen[id]) : lab.seen[id],
  })),
})

function withASilentProbe(seen: unknown): unknown {
  const { exchange } = seen as {
    exchange: { exchanged: readonly { readonly probe: object }[]; leftOut: unknown; wires: unknown }
  }
  const exchanged = exchange.exchanged.map((one, index) =>
    index === 0 ? { ...one, probe: { ...one.probe, outcome: 'timeout', replies: [] } } : one,
  )
  return { exchange: { ...exchange, exchanged } }
}

const moved = {
  onNode: [],
  services: [
    { service: 'swp-web', running: 2, wanted: 2 },
    { service: 'swp-rr', running: 2, wanted: 2 },
  ],
}
const back = { ...moved, onNode: ['swp-rr'] }
const threw = { name: 'SwarmproofError', code: 'CHANGE_FAILED', message: 'could not be undone' }

describe('tasks of a drained node', () => {
  it('have moved when none is there and services have what fits elsewhere', () => {
    expect(movedTaskProblems(moved, 'worker1', 2)).to.deep.equal([])
    const three = { onNode: [], services: [{ service: 'swp-rr', running: 2, wanted: 3 }] }
    expect(movedTaskProblems(three, 'worker1', 2)).to.deep.equal([])
    expect(returnedProblems({ ...three, onNode: ['swp-web'] }, 'worker1')).to.have.lengthOf(1)
  })

  it('are told by their service', () => {
    expect(movedTaskProblems({ ...moved, onNode: ['swp-web', 'swp-web'] }, 'worker1', 2)).to.deep.equal([
      { code: 'task-not-moved', kind: 'missed', node: 'worker1', service: 'swp-web' },
    ])
  })
})

describe('judging a drained node', () => {
  const drained = {
    ...{ node: 'worker1', before: ['swp-web', 'swp-rr'], elsewhere: 2 },
    ...{ moved: polled(moved), undone: null },
  }
  const seen = { ...drained, returned: polled(back), again: again(everythingAgain) }

  it('passes when all moved, came back, and everything holds again', () => {
    expect(outcomeOf(judge(drain, seen))).to.equal('pass')
  })

  it('fails for tasks that stayed, also where it could not be made active again', () => {
    const stayed = polled({ ...moved, onNode: ['swp-web'] }, false)
    expect(outcomeOf(judge(drain, { ...drained, moved: stayed, undone: threw }))).to.equal('fail')
    expect(outcomeOf(judge(drain, { ...drained, undone: threw }))).to.equal('inconclusive')
  })

  it('fails for what does not hold again, and says by which requirement', () => {
    const judged = judge(drain, { ...seen, again: again(everythingAgain, 'OVL-03') })
    expect(outcomeOf(judged)).to.equal('fail')
    expect(codes(judged)).to.deep.equal(['not-delivered', 'not-again'])
    expect(judged.problems[0]).to.include({ via: 'OVL-03' })
    expect(judged.problems[1]).to.include({ via: 'OVL-03', expected: 125 })
  })
})

describe('judging a partition', () => {
  const seen = {
    node: 'worker1',
    state: { got: 'down' },
    undone: null,
    again: again(everythingEncryptedAgain),
  }

  it('passes when the node was given up and everything holds again', () => {
    expect(outcomeOf(judge(partition, seen))).to.equal('pass')
  })

  it('fails where the managers never gave it up, and is not concluded where they were not asked', () => {
    expect(codes(judge(partition, { ...seen, state: { got: 'ready' } }))).to.deep.equal(['node-not-given-up'])
    const blind = judge(partition, { ...seen, state: { threw: 'connection lost' } })
    expect(outcomeOf(blind)).to.equal('inconclusive')
  })
})

describe('judging restarts', () => {
  const wanted = [...everythingEncryptedAgain, { id: 'ING-05' } as ConformanceTest]
  const engine = polled({ exitCode: 0, words: '' })
  const restarted = { node: 'worker1', restarted: again(wanted), engine, log: { got: [] } }
  const seen = { ...restarted, rebooted: again(wanted) }

  it('passes when everything held after both', () => {
    expect(outcomeOf(judge(restart, seen))).to.equal('pass')
  })

  it('fails for an engine that does not come back', () => {
    const words = 'Cannot connect to the Docker daemon'
    const judged = judge(restart, { ...restarted, engine: polled({ exitCode: 1, words }, false) })
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems[0]).to.include({ code: 'engine-not-back', node: 'worker1', observed: words })
  })
})

describe('judging a rolling update', () => {
  const stage = {
    requests: 90,
    failed: [],
    replacedMs: 21_000,
    answers: { n1: 40 },
    old: ['o1'],
    renewed: ['n1'],
  }
  const changing = (updated: object) => ({
    changing: {
      ...{ service: 'swp-it', network: 'swp-clear', vip: '10.91.1.30', updated },
      clients: ['rr-manager', 'rr-worker1', 'rr-worker2'],
    },
  })

  it('passes when no request failed, and never when none was made', () => {
    expect(outcomeOf(judge(rollingUpdate, changing({ got: stage })))).to.equal('pass')
    expect(outcomeOf(judge(rollingUpdate, changing({ got: { ...stage, requests: 0 } })))).to.equal(
      'inconclusive',
    )
  })

  it('counts failed requests of each client by what came of them', () => {
    const failed = [1, 2].map(() => ({ client: 'rr-worker1', outcome: 'timeout', afterMs: 4000 }))
    expect(judge(rollingUpdate, changing({ got: { ...stage, failed } })).problems).to.deep.equal([
      {
        ...{ code: 'request-failed-in-update', kind: 'missed', node: 'worker1', network: 'swp-clear' },
        ...{ ends: { from: 'swp-rr@worker1', to: 'swp-it' }, service: 'swp-it', address: '10.91.1.30' },
        ...{ subject: 'timeout', observed: 2 },
      },
    ])
  })
})

describe('judging a firewall reload', () => {
  const asked = (outcome: string) => [
    {
      from: 'manager',
      probe: {
        kind: 'tcp',
        to: '192.168.56.12',
        port: 8080,
        outcome,
        elapsedMs: 5000,
        attempts: [],
        replies: [],
      },
    },
  ]
  const seen = (outcome: string, missing: readonly string[], undone: unknown = null) => ({
    ...{ node: 'worker1', port: 8080, before: asked('answered') },
    after: { answers: polled(asked(outcome), outcome === 'answered'), undone, rules: 40, missing },
  })
  const ingressRule = '-t nat -A DOCKER-INGRESS -p tcp -j RETURN'

  it('passes when the port answers again, or missing rules of ingress explain its silence', () => {
    expect(outcomeOf(judge(firewallReload, seen('answered', [])))).to.equal('pass')
    expect(outcomeOf(judge(firewallReload, seen('timeout', [ingressRule])))).to.equal('pass')
  })

  it('is explained by rules of the port’s own way, as engine 29.8 has it, and by none beside it', () => {
    const lines = of298(['[0:0] -A DOCKER-INGRESS -j RETURN'])
    const namespace = { inode: '', links: [], routes: [], neighbours: [], fdb: [], ipvs: [], firewall: [] }
    const link = (name: string, address: string) => ({
      ...{ name, index: 1, kind: 'bridge', mtuBytes: 1500, mac: '02:42:ac:12:00:02', up: true },
      addresses: [{ address, prefixLength: 16, family: 'inet' as const }],
    })
    const tables = {
      root: {
        ...{ ...namespace, links: [link('docker_gwbridge', '172.18.0.1')] },
        ...{ firewall: parseFirewall(lines), policies: parsePolicies(lines) },
      },
      sandbox: { ...namespace, links: [link('eth1', '172.18.0.2')] },
    }
    const port = { protocol: 'tcp', publishedPort: 8080 }
    const way = rulesOfWay(wayOfPort(tables, port)).map(
      ({ table, chain, text }) => `-t ${table} -A ${chain} ${text}`,
    )
    expect(way.filter((rule) => / (DNAT|ACCEPT)( |$)/.test(rule))).to.have.lengthOf(2)
    const judged = (missing: readonly string[]): string => {
      const { after, ...before } = seen('timeout', missing)
      return outcomeOf(judge(firewallReload, { ...before, after: { ...after, way } }))
    }
    for (const rule of way) expect(judged([rule]), rule).to.equal('pass')
    expect(way.join('\n')).to.contain('-t nat -A DOCKER ! -i docker_gwbridge').and.not.contain('INGRESS')
    // What an engine before left leads nothing on.
    expect(judged(['-t nat -A DOCKER-INGRESS -j RETURN'])).to.equal('fail')
    expect(judged(['-t nat -A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE'])).to.equal(
      'fail',
    )
  })

  it('fails for a silence that nothing explains', () => {
    const judged = judge(firewallReload, seen('timeout', ['-t filter -A INPUT -j ACCEPT']))
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems[0]).to.deep.include({ node: 'worker1', path: { from: 'manager', to: 'worker1' } })
  })

  it('proves nothing where the port did not answer before, or the rules came back too early', () => {
    const before = { node: 'worker1', port: 8080, before: asked('timeout') }
    expect(outcomeOf(judge(firewallReload, before))).to.equal('inconclusive')
    const early = seen('answered', [], { ...threw, code: 'CHANGE_UNDONE' })
    expect(outcomeOf(judge(firewallReload, early))).to.equal('inconclusive')
    expect(outcomeOf(judge(firewallReload, seen('answered', [], threw)))).to.equal('pass')
  })
})
