import { requirement } from '../../lib/conformance/test.ts'
import { addressIn, taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { distinct } from '../../lib/observation/problem.ts'
import { kernel, type KernelSeen } from '../scene/judging/kernel-seen.ts'
import { othersJudged, type OthersPart, otherPortProblems } from '../scene/judging/others.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { others, othersPart } from '../scene/recordings/others.ts'
import { internals, moby } from '../source.ts'
import { followChain } from './chain.ts'
import { ingressTables } from './ingress-tables.ts'

interface Seen {
  readonly kernel: KernelSeen
  readonly others?: OthersPart
}

export const chain = requirement({
  id: 'ING-05',
  requirement:
    'The chain is there on every node: DNAT → ingress_sbox → mangle MARK → IPVS fwmark service with the running tasks.',
  source: [internals('ingress')],
  safety: 'production',
  needs: ['ipvs'],
  byEngine: [
    {
      since: '28.0.1',
      expected: 'filter FORWARD leads to DOCKER-INGRESS via DOCKER-FORWARD, no longer by a rule of its own',
      source: moby('libnetwork/service_linux.go, programIngress'),
    },
    {
      since: '29.8',
      expected:
        'the port is published as that of a container is: nat DOCKER holds the DNAT rule, a proxy answers on 127.0.0.1, and DOCKER-INGRESS, which a host may still hold from before, leads nowhere',
      source: moby('moby/moby#53118'),
    },
  ],
  method:
    'The published port is followed through the kernel state of every node by what rules of iptables and nftables do, not by names of chains: the first DNAT rule that a packet from outside meets, and one that the node sends to its own address, must lead the port to the address of ingress_sbox on docker_gwbridge; nothing may drop it where it is forwarded there; where what the node sends to 127.0.0.1 is led there, too, nat POSTROUTING must masquerade it; a rule in mangle PREROUTING of the sandbox must mark the port, and the IPVS service of that mark must list exactly the running tasks by their ingress addresses. The same is read for every port that another service of the swarm publishes so, and nothing is sent to it; what differs there is looked at again for up to 30 s.',
  usualCauses: [
    'a firewall was reloaded (firewalld, ufw, iptables-restore) and removed the engine’s rules',
    'the engine was updated or switched between iptables-legacy and iptables-nft without a reboot',
    'gossip does not reach the node, so its balancer has not heard of all tasks',
  ],
  remedy: [
    'iptables -t nat -S | grep PORT; iptables -S FORWARD; iptables -S DOCKER-FORWARD; or nft list ruleset',
    'nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -S; the same with ipvsadm -ln',
    'restart the engine of the node: it recreates its rules; order firewall and engine so that the firewall starts first',
  ],
  codes: [
    'ingress-chain-not-reached',
    'own-traffic-not-masqueraded',
    'ingress-sandbox-missing',
    'ingress-sandbox-not-on-bridge',
    'port-not-translated',
    'port-translated-elsewhere',
    'published-port-not-forwarded',
    'port-not-marked',
    'balancer-lacks-service',
    'balancer-lacks-task',
    'balancer-lists-stranger',
    'balancer-not-set-up',
    'balancer-weight-zero',
    'balancer-scheduler-differs',
  ],
  changes: [],
  quiet: ['tasks', 'changes'],
  reads: [kernel, others],
  observe: async (lab): Promise<Seen> => ({ kernel: await lab.scene(kernel), others: await othersPart(lab) }),
  judge({ kernel: seen, others: ofOthers }, facts) {
    const { ingress } = facts.networks
    if (ingress === undefined) return judgement({ missing: ingressMissing(facts), conclusion: '' })
    const { web } = facts.services
    const ports = web.published.filter(({ mode }) => mode === 'ingress')
    const backends = facts.tasks
      .filter(({ service }) => service === web.name)
      .map((task) => ({ name: taskName(task), address: addressIn(task, ingress) }))
    const { got, missing, unseen } = part(
      Object.fromEntries(
        facts.nodes.map(({ name }) => [name, ingressTables(seen, name, 'firewall')] as const),
      ),
      'kernel state',
    )
    const followed = [...got].flatMap(([node, tables]) =>
      ports.map((port) => ({
        ...{ node, port: `${port.publishedPort}/${port.protocol}` },
        ...followChain(tables, port, backends, { node, service: web.name, network: ingress.name }),
      })),
    )
    const besides = othersJudged(ofOthers, otherPortProblems)
    return judgement({
      problems: [...distinct(followed.flatMap(({ problems }) => problems)), ...besides.problems],
      missing,
      unseen: [...unseen, ...besides.unseen],
      tables: {
        'where the published port leads': followed.map(({ problems, ...row }) => ({
          ...row,
          problems: problems.map(({ code }) => code),
        })),
        'running tasks on ingress': backends,
      },
      conclusion:
        followed.length === 0
          ? ''
          : `on ${facts.nodes.length} nodes the chain leads from the published port to all ${backends.length} tasks`,
    })
  },
})
