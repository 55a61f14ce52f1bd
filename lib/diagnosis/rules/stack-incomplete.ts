import type { RefusedFacts } from '../../observation/facts.ts'
import type { PublicReport } from '../../observation/catalog-entry.ts'
import { type EngineRefusal, refusalOf } from '../../observation/engine-refusal.ts'
import { nodesOf } from '../../observation/problem.ts'
import { foreignDevices } from '../foreign-devices.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { unseenAt } from '../refusals.ts'
import type { Draft, Rule } from '../rule.ts'
import { addressPoolsUsedUp } from './address-pools-used-up.ts'

/** What an engine's words on a task are known to mean, and what to do. Engines from 20.10 to 29 say them so. */
const known: readonly {
  readonly refusal: EngineRefusal
  readonly means: string
  readonly remedy: readonly string[]
  readonly reports?: readonly PublicReport[]
}[] = [
  {
    refusal: 'vxlan-in-the-way',
    means: 'a VXLAN device that is not this network’s holds its VNI or its UDP port',
    remedy: [
      'On that node: `ip -d link show type vxlan`, also in the namespaces: `for n in /run/docker/netns/*; do nsenter --net=$n ip -d link show type vxlan; done`',
      'Remove the one that no network of the swarm owns: `ip link del NAME`, or give the other user of VXLAN (Calico, Cilium, flannel) another VNI and port',
    ],
    reports: [
      {
        url: 'https://github.com/moby/libnetwork/issues/1765',
        says: 'After an engine was updated some tasks were refused with “error creating vxlan interface: file exists”.',
      },
      {
        url: 'https://github.com/moby/moby/pull/42548',
        says: 'In clusters with much churn VXLAN devices were left behind in the host’s namespace and had to be deleted by hand.',
      },
      {
        url: 'https://github.com/Dokploy/dokploy/issues/1994',
        says: 'A service with published ports did not start; the reporter found the device vxlan.calico on the host.',
      },
    ],
  },
  {
    refusal: 'pools-used-up',
    means: 'the engine finds no address pool that is free of its host’s routes',
    remedy: [
      'On that node: `ip route` shows what covers the pools, such as 0.0.0.0/1 and 128.0.0.0/1 of a VPN',
      'Create docker_gwbridge by hand: `docker network create --subnet 172.31.0.0/16 -o com.docker.network.bridge.name=docker_gwbridge -o com.docker.network.bridge.enable_icc=false -o com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge`',
    ],
    reports: [
      {
        url: 'https://github.com/docker/for-linux/issues/418',
        says: 'With an OpenVPN tunnel up, no address pool was free for a new network.',
      },
      {
        url: 'https://github.com/docker/for-linux/issues/599',
        says: 'An explanation: routes to both private ranges that the default pools are taken from leave none of them free.',
      },
    ],
  },
  {
    refusal: 'pool-overlaps',
    means: 'another network of the engine there has the same subnet, or one that overlaps it',
    remedy: [
      'On that node, the subnets of its networks: `docker network inspect --format "{{.Name}} {{.Scope}} {{range .IPAM.Config}}{{.Subnet}}{{end}}" $(docker network ls -q)`',
      'A local one that nobody uses: `docker network rm NAME` there; one of compose or `docker0` gets another range by `default-address-pools` or `bip` in `/etc/docker/daemon.json`',
      'Or create the overlay with a range that is free everywhere: `docker network create -d overlay --subnet SUBNET NAME`',
    ],
    reports: [
      {
        url: 'https://github.com/moby/moby/issues/50011',
        says: 'An overlay was given the subnet of the default bridge, and its tasks were refused although most of the pool was free.',
      },
    ],
  },
  {
    refusal: 'addresses-used-up',
    means: 'the network has no address left',
    remedy: [
      'On a manager: `docker network inspect NETWORK` shows its subnet; every task, every service with a virtual IP and every node takes an address of it',
      'Create it with a larger one: `docker network create -d overlay --subnet 10.20.0.0/20 NAME`',
    ],
  },
  {
    refusal: 'no-space',
    means: 'that node has no space left on a disk, or no inodes',
    remedy: [
      'On that node: `df -h /var/lib/docker /run`, `df -i`, `docker system df`',
      'What frees it: `docker image prune`, logs of containers below /var/lib/docker/containers; volumes only after a look at what is in them',
    ],
  },
  {
    refusal: 'certificate-expired',
    means: 'a certificate has expired, or the clock of a node is wrong',
    remedy: [
      '`date -u` on all nodes, and `timedatectl`: a clock that is wrong makes certificates invalid',
      'On a node with the right time: `openssl x509 -noout -dates -in /var/lib/docker/swarm/certificates/swarm-node.crt`; a worker whose certificate has expired leaves and joins again',
    ],
  },
  {
    refusal: 'network-gone',
    means: 'the network was removed, or made again with the same name, while the task was to start',
    remedy: [
      'On a manager: `docker network ls --no-trunc --filter driver=overlay`; scripts that run `docker network prune` or remove a stack and deploy it at once do that',
      '`docker service update --force SERVICE` once the network is there',
    ],
  },
  {
    refusal: 'no-suitable-node',
    means: 'no node fulfils what the task asks for',
    remedy: [
      '`docker node ls`: nodes that are drained, paused or down',
      'free the port or the memory that the message names',
    ],
  },
  {
    refusal: 'image-missing',
    means: 'the probe image is not on that node and none may be fetched',
    remedy: [
      'Give an image that all nodes can have: --probe-image NAME',
      'See the free space of /var/lib/docker on that node',
    ],
  },
  {
    refusal: 'registry-wants-login',
    means:
      'the registry of the image wants a login; engines 29.6.0 to 29.6.2 refuse the task even where the node has the image',
    remedy: [
      'Engines 29.6.0 to 29.6.2: update to 29.7.0 or later, which start a task whose image is there',
      'On that node: `docker image ls` shows whether it has the image; `docker login` to the registry, and `docker pull NAME`',
      'Without `--probe-image` the image is brought to each node by SSH, and its name is of no registry',
    ],
    reports: [
      {
        url: 'https://github.com/moby/moby/pull/53212',
        says: 'A pull that failed for lack of a login ended tasks whose image the node had; since then they start from it.',
      },
      {
        url: 'https://github.com/moby/moby/issues/52570',
        says: 'A registry refused to hand out an image without a login, and the task said that there was no such image.',
      },
    ],
  },
  {
    refusal: 'kernel-lacks',
    means: 'the kernel of that node lacks what the network needs',
    remedy: ['`modprobe -a vxlan bridge veth ip_vs xfrm_user esp4` on that node, then restart its engine'],
  },
]

/** Tasks of the stack do not run: nodes are named, with their engines' own words. */
export const stackIncomplete: Rule = {
  code: 'stack-incomplete',
  title: 'An engine refuses tasks of the stack, or no node runs them',
  severity: ['cause'],
  meaning:
    'The services that swarmproof deploys did not all come up. The network is verified with the tasks that run; what needs the others is inconclusive or skipped. Your own services are likely to meet the same on that node.',
  proof: [
    'Tasks that do not run when the stack is read: service, node, state and the engine’s own words',
    'Words with a known meaning are translated: a VXLAN device that is in the way, no free address pool, no suitable node, a missing image, a registry that wants a login, a kernel that cannot',
  ],
  silencedBy: [
    'Every task of the stack runs',
    'Problems at nodes whose tasks run, or of other services on a node where some run, and whatever was seen and must not be, are left to other findings',
  ],
  remedy: [
    'The whole message: `docker service ps --no-trunc SERVICE` on a manager, then `journalctl -u docker` on the node',
    '“file exists”, “address already in use”: `ip -d link show type vxlan` on the node, then `ip link del NAME` for the device that no network of the swarm owns',
    '“non-overlapping address pool”: `ip route` on the node; routes to 0.0.0.0/1 and 128.0.0.0/1 of a VPN cover every pool, so create the network with `--subnet`',
    '“unauthorized”: `docker login` on the node, or an engine other than 29.6.0 to 29.6.2, which ask the registry even for an image they have',
    '“no such image”: name one that every node can have, `--probe-image NAME`',
  ],
  reports: known.flatMap(({ reports = [] }) => reports),
  find(lab) {
    const refused = (lab.facts?.refused ?? []).filter((task) => !isTold(lab, task))
    const groups = new Map<string, RefusedFacts[]>()
    for (const task of refused) {
      const key = `${task.node ?? ''} ${refusalOf(task.error) ?? ''}`
      groups.set(key, [...(groups.get(key) ?? []), task])
    }
    return [...groups.values()].map((tasks) => draftOf(tasks, lab))
  },
  gravity: 30,
}

/** A graver rule says what exactly is in the way there. */
function isTold(lab: LabView, { node, error }: RefusedFacts): boolean {
  const means = refusalOf(error)
  if (means === 'vxlan-in-the-way') return foreignDevices(lab).some((device) => device.node === node)
  return (
    means === 'pools-used-up' &&
    addressPoolsUsedUp.find(lab).some(({ nodes = [] }) => nodes.includes(node ?? ''))
  )
}

function draftOf(tasks: readonly RefusedFacts[], lab: LabView): Draft {
  const told = tasks.find(({ error }) => error !== '') ?? tasks[0]
  const { node, error = '', state = '' } = told ?? {}
  const meaning = known.find(({ refusal }) => refusal === refusalOf(error))
  const services = [...new Set(tasks.map(({ service }) => service))].join(', ')
  const runsNone = node !== undefined && lab.facts?.tasks.every((task) => task.node !== node) === true
  const where =
    node === undefined ? 'No node runs' : runsNone ? `${node} runs no task: not` : `${node} does not run`
  const why = error === '' ? `they stay in the state ${state}` : error
  return {
    title: `${where} ${services}: ${meaning === undefined ? why : `${meaning.means} (“${why}”)`}`,
    cause: `The stack that swarmproof creates did not come up whole: ${tasks.length} of its tasks do not run. The network was verified with the tasks that do; what needs the others could not be observed.`,
    remedy: [
      ...(meaning?.remedy ?? []),
      'All of the message: `docker service ps --no-trunc SERVICE` on a manager, and `journalctl -u docker` on the node',
    ],
    nodes: node === undefined ? [] : [node],
    proof: tasks
      .map((task) => `${task.service} on ${task.node ?? 'no node'}: ${task.state}: ${task.error}`)
      .slice(0, 8),
    reports: meaning?.reports ?? [],
    explains: (problem) =>
      problem.kind === 'missed' &&
      node !== undefined &&
      nodesOf(problem).includes(node) &&
      (runsNone || tasks.some((task) => isOf(problem, task))),
    accountsFor: (id) => unseenAt(lab, id, node),
  }
}

/** About the service whose task is refused, or that very task; what others on its node miss has another reason. */
function isOf({ service, subject, ends }: Reported, task: RefusedFacts): boolean {
  const names = [task.service, `${task.service}@${task.node}`]
  return [service, subject, ends?.from, ends?.to].some((one) => one !== undefined && names.includes(one))
}
