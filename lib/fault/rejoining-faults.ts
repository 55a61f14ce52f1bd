import { SwarmproofError } from '../error.ts'
import { ipAddress, swarmId } from '../identifier.ts'
import { readHostState } from '../observe/read-host-state.ts'
import { silentProgress } from '../progress.ts'
import { type Script, scriptLines, sh } from '../script.ts'
import { shell } from '../change/shell.ts'
import { tasksRunning } from '../swarm/deploy-stack.ts'
import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import type { Joining } from '../swarm/form-swarm.ts'
import { joinAgain, leave, leavingWorker } from '../swarm/membership.ts'
import type { Stack } from '../swarm/stack.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'
import type { Fault } from './fault.ts'
import { requireForFault } from './scripted.ts'

interface Mistake extends Pick<Fault, 'name' | 'description' | 'breaks' | 'besides'> {
  readonly namedBy: NonNullable<Fault['namedBy']>
  /** Done while it is in no swarm. */
  readonly before?: { readonly plant: (on: Place) => Script; readonly remove: Script }
  /** Whereby it joins; by the addresses of its lab where not given. */
  readonly by?: (node: ClusterNode) => Promise<JoinedBy>
}

type JoinedBy = Pick<Joining, 'advertise' | 'dataPath'>

interface Place {
  readonly node: ClusterNode
  readonly cluster: Cluster
  readonly stack: Stack
}

/** Tasks that do not run by then are refused, or wait for what never comes. */
const tasksWithinMs = 90_000

/** What is wrong on a worker before it joins, or in how it joins: it leaves the swarm and joins again with the mistake. */
function joinedWith({ before, by, ...declared }: Mistake): Fault {
  const signal = new AbortController().signal
  return {
    ...declared,
    rejoins: true,
    async plant({ cluster, stack }) {
      const node = leavingWorker(cluster)
      const { host } = node
      const rightly = { advertise: node.advertise.address, dataPath: node.dataPath.address }
      const rejoin = async (change = sh`true`, how: JoinedBy = rightly): Promise<void> => {
        await leave(cluster, { ...node, nodeId: await nodeIdOf(node) }, signal)
        await shell(host, change)
        await joinAgain(cluster, host, how, signal)
      }
      await rejoin(before?.plant({ node, cluster, stack }), await by?.(node))
      await tasksRunning(stack.names, cluster, {
        ...{ progress: silentProgress, signal, withinMs: tasksWithinMs },
      }).catch((error: unknown) => {
        if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
      })
      return { host: host.name, remove: () => rejoin(before?.remove) }
    },
  }
}

async function nodeIdOf({ host }: ClusterNode): Promise<string> {
  return swarmId((await shell(host, sh`docker info --format ${'{{.Swarm.NodeID}}'}`)).trim(), host.name)
}

export const advertisesElsewhere = joinedWith({
  name: 'advertised-apart',
  description: 'A node joined with the address of its management interface.',
  breaks: ['CTL-03', 'CTL-04', 'OVL-03', 'ING-01'],
  namedBy: { code: 'advertise-addresses-of-two-kinds', at: 'host' },
  async by(node) {
    const known = Object.values(node.host.underlays).map((underlay) => underlay?.interface)
    const { root } = await readHostState(node.host)
    const addresses = root.links
      .filter(({ name, kind }) => ['', 'veth'].includes(kind) && name !== 'lo' && !known.includes(name))
      .flatMap((link) => link.addresses.filter(({ family }) => family === 'inet'))
    const [found] = addresses
    const { address } = requireForFault(found, 'an interface with an address that is of no underlay')
    // Of an interface with several addresses of one family an engine takes none, and joins without a word of it.
    return { advertise: ipAddress(address, node.host.name) }
  },
})

/** As Calico calls its own. */
const device = 'vxlan.calico'

export const ingressDeviceTaken = joinedWith({
  name: 'ingress-device-taken',
  description:
    'A node had a VXLAN device of another program with the VNI and port of ingress when it joined.',
  breaks: ['LB-02', 'ING-01'],
  namedBy: { code: 'foreign-vxlan-device', at: 'host' },
  before: {
    plant: ({ node, cluster, stack }) =>
      scriptLines([
        sh`ip link add ${device} type vxlan id ${stack.networks.ingress.vni} dstport ${cluster.dataPathPort} dev ${node.dataPath.interface} nolearning`,
        sh`ip link set ${device} up`,
      ]),
    remove: sh`ip link del ${device}`,
  },
})

const untilRemoved = 'until docker network rm "$1"; do sleep 1; done'
const tunnel = 'swp-tunnel'

export const addressPoolsCovered = joinedWith({
  name: 'address-pools-covered',
  description: 'A VPN leads everything into its tunnel on a node that joins without docker_gwbridge.',
  breaks: ['LB-02', 'ING-01'],
  namedBy: { code: 'address-pools-used-up', at: 'host' },
  before: {
    plant: () =>
      scriptLines([
        // Containers that end keep it for a moment.
        sh`timeout 60 sh -c ${untilRemoved} sh ${gatewayBridgeName}`,
        sh`ip link add ${tunnel} type dummy`,
        sh`ip link set ${tunnel} up`,
        sh`ip route add 0.0.0.0/1 dev ${tunnel}`,
        sh`ip route add 128.0.0.0/1 dev ${tunnel}`,
      ]),
    remove: sh`ip link del ${tunnel}`,
  },
})
