import type { Topology } from '../topology/topology.ts'
import type { Occupied } from './occupied.ts'
import { bulkBytes, probeImageOf } from './probe-task.ts'
import { stackNames, type StackPorts, stackPorts } from './stack.ts'
import { taskCounts } from './task-counts.ts'

export interface FootprintPlan {
  /** As `withFootprint` gives it. */
  readonly topology: Topology
  readonly occupied: Occupied
  readonly runId: string
  /** Nodes of the swarm, managers and workers. */
  readonly nodes: number
  readonly init: boolean
  readonly leave: boolean
  /** What is uploaded to each host; undefined where the image is pulled. */
  readonly imageBytes?: number
  /** What a registry is asked for, once, where the image is pulled. */
  readonly pulledImage?: string
  readonly toolboxImage?: string
  /** Of what tests create beside the stack; undefined where they are verified one after another. */
  readonly sideBySide?: { readonly requirements: number; readonly tasks: number }
  /** Of each ordered pair of nodes, on each of two networks and from host to host. */
  readonly bursts: { readonly datagrams: number; readonly perSecond: number; readonly asked: boolean }
}

const mebibyte = 1_048_576

/** What will be created, used and sent on hosts that are somebody's, in lines for people; nothing else will be. */
export function describeFootprint(plan: FootprintPlan): string[] {
  const { topology, occupied, runId, nodes, init, leave, toolboxImage } = plan
  const { clear, secret, taskMemoryMib } = topology.stack
  const { networks, services, prefix } = stackNames(topology.stack)
  const ports = stackPorts(topology.stack)
  const pools = occupied.swarm.pools.length > 0 ? occupied.swarm.pools.join(', ') : 'its default'
  const tasks = taskCounts(nodes)
  const total = Object.values(tasks).reduce((sum, count) => sum + count, 0)
  const mostTasks = total + Math.max(nodes + extraTasks, plan.sideBySide?.tasks ?? 0)
  return [
    ...(init
      ? [`swarm: ${nodes} hosts form one${leave ? ', and leave it in the end' : ', which stays'}`]
      : []),
    `label: everything that is created is called ${prefix}-… and labelled swarmproof=${runId}`,
    `networks: ${networks.clear} ${clear.subnet}; ${networks.secret} ${secret.subnet}, encrypted; ${networks.auto}, ${networks.extra} and ${networks.shop} with subnets the swarm gives them (${pools})`,
    `services: ${Object.entries(services)
      .map(([role, name]) => `${name} ${tasks[role as keyof typeof tasks]}`)
      .join(', ')}; ${total} tasks in all`,
    ...portLines(ports),
    imageLine(plan),
    ...(toolboxImage === undefined
      ? []
      : [
          `tools: what hosts lack is run from ${toolboxImage}, in privileged containers with their namespaces, by scripts in a folder of the run’s own (/var/tmp or where else files can be executed)`,
        ]),
    testsLine(plan),
    `memory: ${taskMemoryMib === undefined ? 'no limit for tasks' : `at most ${taskMemoryMib} MiB a task, ${taskMemoryMib * mostTasks} MiB in all`}; 8 MiB for each capture while it records`,
    `disk: ${((plan.imageBytes ?? 0) / mebibyte + 1).toFixed(0)} MiB for the image and ${(bulkBytes / mebibyte + 0.1).toFixed(1)} MiB a task on the hosts; captures are stored here alone, 256 MiB each at most`,
    `traffic: probes between tasks and nodes, 40 MiB between two of them at most; frames of EtherType 0x88B5 from a captured interface to itself; UDP port 9 and one connection that is no TLS to port 2377, which a manager logs; questions for example.com and the names of services to the hosts' nameservers`,
    burstLine(plan),
    'captures: packets between our own endpoints, on ingress, too; of ESP the headers; of management and gossip the headers, and of their payload where records begin and which bytes are printable; of everything else nothing is stored, it is counted',
    'never: nothing that was there is restarted, drained, updated or removed; no firewall, ingress, interface or setting is changed',
    `guard: on each host a process of sh with its notes in /var/lib/swarmproof/${runId}, where systemd runs as swarmproof-${runId}.service; gone at the end`,
    `kernel: on each host that has tracefs mounted its instance swarmproof-${runId}, which counts dropped packets by reason and records none; gone at the end`,
    `end: everything is removed, also after Ctrl-C; if this process or its connection dies the hosts do so by themselves, within 15 s to 60 s; what a host cannot, as after a restart, \`swarmproof clean HOSTS\` does`,
  ]
}

/** Tasks of the service that is scaled furthest beyond the stack; see ADR-04. */
const extraTasks = 8

function testsLine({ sideBySide }: FootprintPlan): string {
  const alone = `${extraTasks} tasks or one a node`
  const at =
    sideBySide === undefined
      ? `one at a time creates services, with at most ${alone}`
      : `at most ${sideBySide.requirements} at a time create services, with ${sideBySide.tasks} tasks between them, or one alone, with at most ${alone}`
  return `tests: ${at}; each has at most two services and two networks more, and removes its own`
}

/** A published port is forwarded before the filters of ufw and firewalld see it (Docker docs, Packet filtering). */
function portLines({ web, dual, dualShort, here }: StackPorts): string[] {
  return [
    `ports: TCP ${web}, TCP and UDP ${dual}, TCP ${dualShort} on every address of every node, public ones too; TCP ${here} on every address of one node`,
    'exposed: Docker opens published ports past ufw and firewalld, for as long as the run takes; tests open one more TCP port each, for as long as they take',
    'answers: only requests that carry the run’s nonce are answered, with the name of a task or a file of random bytes; others get "404 Not Found" on TCP and nothing on UDP; who may read services of the swarm, or processes of its nodes, can read the nonce',
  ]
}

function imageLine({ topology, imageBytes, pulledImage, nodes }: FootprintPlan): string {
  const image = probeImageOf(topology.stack)
  if (pulledImage !== undefined)
    return `image: ${pulledImage}, pulled once where it is not there, and removed from there again; tasks ask no registry`
  if (imageBytes === undefined) return `image: ${image}, made from a static busybox of the hosts`
  const size = (imageBytes / mebibyte).toFixed(1)
  return `image: ${image}, made here from a static busybox, ${size} MiB sent to each of ${nodes} hosts, and removed again; tasks ask no registry for it`
}

function burstLine({ bursts: { datagrams, perSecond, asked }, nodes }: FootprintPlan): string {
  const ways = 3 * nodes * (nodes - 1)
  return `bursts: ${datagrams} small datagrams or echoes at ${perSecond} a second${asked ? ', as --load says' : ''}, for each ordered pair of nodes on both networks and from host to host, each sent back: ${ways * perSecond} a second in all, once`
}
