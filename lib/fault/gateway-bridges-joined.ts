import { cidrBlock } from '../identifier.ts'
import { shell } from '../change/shell.ts'
import type { ClusterNode, Task } from '../swarm/cluster.ts'
import { contains } from '../topology/cidr.ts'
import type { Fault } from './fault.ts'
import { type Script, scriptLines, sh } from '../script.ts'
import { requireForFault } from './scripted.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

interface OnBridge {
  readonly node: ClusterNode
  /** Of its tasks on the bridge. */
  readonly tasks: readonly string[]
  /** All of the node, in whatever namespace. */
  readonly own: ReadonlySet<string>
}

/** Routes and rules beside docker’s that lead from a task to one of the next node, by its address on the bridge there. */
export const gatewayBridgesJoined: Fault = {
  name: 'gateway-bridges-joined',
  description:
    'One node leads what is for a task on docker_gwbridge of another there, and that one lets it in.',
  breaks: ['GWB-03'],
  namedBy: { code: 'gateway-bridges-not-apart', at: 'pairs' },
  async plant({ cluster, stack }) {
    const nodes = await Promise.all(cluster.nodes.map((node) => lookAt(node, stack.tasks)))
    const [joined] = nodes.flatMap((from, index) => {
      const to = nodes[(index + 1) % nodes.length] as OnBridge
      const astray = to.tasks.filter((address) => !from.own.has(address))
      return astray.length === 0 ? [] : [{ from: from.node, to: to.node, astray }]
    })
    const { from, to, astray } = requireForFault(
      joined,
      `an address on ${gatewayBridgeName} that the node before lacks`,
    )
    const each = (command: (address: string) => Script): Script => scriptLines(astray.map(command))
    // A task takes its neighbours on the bridge to be there, and asks by ARP.
    const neighbours = (answer: 0 | 1): Script =>
      sh`sysctl -q -w net.ipv4.conf.${gatewayBridgeName}.proxy_arp=${answer}`
    const route = (verb: 'add' | 'del'): Script =>
      each((address) => sh`ip route ${verb} ${address}/32 via ${to.dataPath.address}`)
    const accept = (flag: '-I' | '-D'): Script =>
      // Not from its own bridge: neighbours stay apart.
      each((address) => {
        const way = sh`! -i ${gatewayBridgeName} -o ${gatewayBridgeName}`
        return sh`iptables -w ${flag} FORWARD -d ${address}/32 ${way} -j ACCEPT`
      })
    await shell(to.host, accept('-I'))
    await shell(from.host, scriptLines([route('add'), neighbours(1)]))
    return {
      host: to.host.name,
      remove: async () => {
        await shell(from.host, scriptLines([neighbours(0), route('del')]))
        await shell(to.host, accept('-D'))
      },
    }
  },
}

async function lookAt(node: ClusterNode, tasks: readonly Task[]): Promise<OnBridge> {
  const list = sh`ip -o -4 address show`
  const inTasks = tasks
    .filter((task) => task.node === node)
    .map(({ pid }) => sh`nsenter --net=/proc/${pid}/ns/net ${list}`)
  const inEngine = sh`for file in /run/docker/netns/*; do nsenter --net=$file ${list} || true; done`
  const [[subnet], ofTasks, ofEngine] = await Promise.all([
    shell(node.host, sh`${list} dev ${gatewayBridgeName}`).then((listed) => addresses(node, listed)),
    shell(node.host, scriptLines(inTasks)).then((listed) => addresses(node, listed)),
    shell(node.host, scriptLines([inEngine, list])).then((listed) => addresses(node, listed)),
  ])
  const on = requireForFault(subnet, `an address on ${gatewayBridgeName}`)
  return {
    node,
    tasks: ofTasks.map(withoutLength).filter((address) => contains(on, address)),
    own: new Set([...ofTasks, ...ofEngine].map(withoutLength)),
  }
}

/** Addresses in what `ip -o -4 address show` printed, with their prefix lengths. */
function addresses({ host }: ClusterNode, listed: string): string[] {
  return [...listed.matchAll(/ inet (\S+)/g)].map(([, address]) => cidrBlock(address, host.name))
}

function withoutLength(address: string): string {
  return address.split('/')[0] ?? ''
}
