import { wireSeen } from '../../lib/conformance/wire-seen.ts'
import { requirement } from '../../lib/conformance/test.ts'
import type { Host } from '../../lib/host/host.ts'
import { type ReversibleChange, reversibly } from '../../lib/change/reversibly.ts'
import { shell } from '../../lib/change/shell.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { type NodeFacts, pairsOf } from '../../lib/observation/facts.ts'
import type { Frame, WireSeen } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { scriptLines, sh } from '../../lib/script.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { onlyEsp } from '../ENC/enc-01-only-esp.ts'
import { fullMesh } from '../OVL/ovl-03-full-mesh.ts'
import { judgeAgain } from '../RES/judge-again.ts'
import { type Again, observeAgain } from '../RES/observe-again.ts'
import { type Undone, undoing, undoneTooEarly } from '../RES/undoing.ts'
import { internals } from '../source.ts'
import { addresses } from './vxl-02-addresses.ts'
import { probesOf } from '../../lib/conformance/sending.ts'

/** Nothing has to be learnt for it: routes are there at once, and the engines take no notice. */
const holdsWithinMs = 60_000
/** Routes go by themselves if the owner of the run dies. */
const atMostSeconds = 600

const wanted = [fullMesh, addresses, onlyEsp]

export const routedUnderlay = requirement({
  id: 'VXL-09',
  requirement:
    'Between nodes that reach each other only through a router, tasks reach each other, clear and encrypted, and outer addresses stay the hosts’.',
  source: [internals('vxlan')],
  safety: 'lab',
  needs: ['two-nodes', 'outsider', 'encrypted-overlay'],
  timeLimitMs: 420_000,
  method:
    'Every node is given a route of its own to each other node via a host outside the swarm, which forwards: each node is then alone in its subnet, as far as the others go. Within 60 s the full mesh of tasks, the addresses of VXLAN and the encryption of the encrypted network (OVL-03, VXL-02, ENC-01) must hold in one look. The router’s interface is recorded meanwhile: VXLAN and ESP of every ordered pair of nodes must leave it with an outer TTL one less than they came with. Control: they came there. Then the routes are taken away.',
  usualCauses: [
    'a firewall between the subnets lets neither UDP on the data-path port nor IP protocol 50 pass',
    'the way between the subnets carries less than the underlay: see MTU-02',
    'a router between rewrites addresses (NAT), which encryption does not survive',
  ],
  remedy: [
    'tracepath -n OTHER-ADDRESS on the node named',
    'allow 2377/tcp, 7946/tcp+udp, the data-path port/udp and protocol 50 between the subnets of all nodes',
  ],
  codes: ['not-again', 'not-passed-on'],
  changes: ['host'],
  quiet: ['traffic', 'changes'],
  reads: [],
  probes: (lab) => probesOf(wanted, lab),
  async observe(lab): Promise<Routed> {
    const { cluster, outsiders, topology, wire } = lab
    const [router] = outsiders
    if (router === undefined) throw new Inconclusive('the lab has no host outside the swarm to route')
    const at = router.underlays[topology.swarm.dataPath]
    if (at === undefined) throw new Inconclusive(`${router.name} is not on ${topology.swarm.dataPath}`)
    const undo = await route(cluster.nodes, router, at, lab.label)
    const point = {
      ...{ host: router, interface: at.interface, direction: 'both' as const },
      ...{ filter: `udp port ${cluster.dataPathPort} or esp`, vxlanPorts: [cluster.dataPathPort] },
    }
    let undone: Undone
    let again: Again
    let passed: Part<WireSeen> = { threw: 'the router was not recorded' }
    try {
      const { result, recordings } = await wire.during([point], () =>
        observeAgain(lab, wanted, holdsWithinMs),
      )
      again = result
      const [recording] = recordings
      // Everything passes a router as egress and not; which of both it was is told by the TTL.
      if (recording !== undefined) passed = wireSeen(recording, { mac: '', words: {} })
    } finally {
      undone = await undoing(undo)
    }
    return { router: router.name, again, passed, undone }
  },
  judge({ router, again, passed, undone }, facts) {
    const judged = judgeAgain(again, wanted, `with ${router} routing`)
    const { got, missing, unseen } = part({ [router]: passed }, 'capture')
    const frames = got.get(router)?.frames ?? []
    const pairs = pairsOf(facts.nodes)
    const rows = pairs.flatMap(([from, to]) =>
      (['VXLAN', 'ESP'] as const).map((kind) => ({
        ...{ kind, from: from.name, to: to.name },
        ttls: ttlsOf(
          frames.filter((frame) => (kind === 'VXLAN' ? frame.vxlan : frame.esp) !== undefined),
          from,
          to,
        ),
      })),
    )
    // What is passed on was there twice, with one TTL as it came and a lower one as it left.
    const once = rows.filter(({ ttls }) => Object.keys(ttls).length === 1)
    const stopped = judged.problems.length > 0 ? once : []
    const past = rows.filter((row) => Object.keys(row.ttls).length < 2 && !stopped.includes(row))
    return judgement({
      problems: [
        ...stopped.map(({ kind, from, to }): Problem => ({
          ...{ code: 'not-passed-on', kind: 'missed', node: router, protocol: kind, path: { from, to } },
        })),
        ...judged.problems,
      ],
      controls: [
        ...judged.controls,
        {
          name: `everything went via ${router}`,
          held: past.length === 0,
          observed: `${past.length} kinds past it`,
        },
      ],
      measures: judged.measures,
      missing: [...judged.missing, ...missing],
      unseen: [...judged.unseen, ...unseen, ...undoneTooEarly(undone, router)],
      tables: {
        ...judged.tables,
        [`TTLs of what passed ${router}, with the number of packets`]: rows,
        ...(undone === null ? {} : { 'the routes were not taken away': undone.message }),
      },
      conclusion: `with ${router} routing between ${facts.nodes.length} nodes ${wanted.map(({ id }) => id).join(', ')} held after ${again.polled.seconds} s; VXLAN and ESP of ${pairs.length} ordered pairs passed it`,
    })
  },
})

interface Routed {
  readonly router: string
  readonly again: Again
  /** What passed the router. */
  readonly passed: Part<WireSeen>
  readonly undone: Undone
}

/** Packets from one node to another by outer TTL: as they came to the router, and as they left it. */
function ttlsOf(frames: readonly Frame[], from: NodeFacts, to: NodeFacts): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outer } of frames) {
    if (outer?.source !== from.dataPath.address || outer.destination !== to.dataPath.address) continue
    counts[outer.ttl] = (counts[outer.ttl] ?? 0) + 1
  }
  return counts
}

/** Leads all traffic between nodes via a host; returns how to have it as before. */
async function route(
  nodes: readonly ClusterNode[],
  router: Host,
  at: { readonly interface: string; readonly address: string },
  run: string,
): Promise<() => Promise<void>> {
  const change = { name: 'routed-underlay', run, deadManSeconds: atMostSeconds }
  const done: (() => Promise<void>)[] = []
  const undo = async (): Promise<void> => {
    const results = await Promise.allSettled(done.map((each) => each()))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
  try {
    // The router first: nodes must not lose each other for want of it.
    done.push(await reversibly(router, { ...change, ...(await forwarding(router, at.interface)) }))
    for (const node of nodes) {
      const others = nodes.filter((other) => other !== node).map(({ dataPath }) => `${dataPath.address}/32`)
      const way = ['via', at.address, 'dev', node.dataPath.interface]
      done.push(
        await reversibly(node.host, {
          ...change,
          do: scriptLines(others.map((other) => sh`ip route add ${other} ${way}`)),
          undo: scriptLines([
            sh`code=0`,
            ...others.map(
              (other) => sh`ip route del ${other} ${way} 2>/dev/null
! ip route show ${other} ${way} | grep -q . || code=1`,
            ),
            sh`exit $code`,
          ]),
        }),
      )
    }
  } catch (error) {
    // What the host would not undo now its switch undoes; why it came to that matters more.
    await undoing(undo)
    throw error
  }
  return undo
}

/** A host that forwards from an interface to itself, and has things as they were afterwards. */
async function forwarding(router: Host, device: string): Promise<Pick<ReversibleChange, 'do' | 'undo'>> {
  const rule = ['FORWARD', '-i', device, '-o', device, '-j', 'ACCEPT']
  const redirects = ['all', device].map((name) => `/proc/sys/net/ipv4/conf/${name}/send_redirects`)
  const states = ['/proc/sys/net/ipv4/ip_forward', ...redirects]
  const values = (await shell(router, sh`cat ${states}`)).trim().split('\n')
  const restore = states.map((file, index) => sh`echo ${values[index] ?? '1'} >${file} || code=1`)
  return {
    do: scriptLines([
      sh`iptables -w -I ${rule}
echo 1 >/proc/sys/net/ipv4/ip_forward`,
      ...redirects.map((file) => sh`echo 0 >${file}`),
    ]),
    undo: scriptLines([
      sh`code=0
iptables -w -D ${rule} 2>/dev/null || ! iptables -w -C ${rule} 2>/dev/null || code=1`,
      ...restore,
      sh`exit $code`,
    ]),
  }
}
