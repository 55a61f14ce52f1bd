import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { gossipPort } from '../../topology/swarm-defaults.ts'
import { type ClearSender, clearSenders } from '../clear-senders.ts'
import type { Reported } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'

const codes: readonly ProblemCode[] = ['datagram-not-encrypted', 'stream-not-tls']

/** Something that is no engine of the swarm speaks in clear to 2377 or 7946. */
export const clearTextToEnginePort: Rule = {
  code: 'clear-text-to-engine-port',
  title: 'Something sends clear text to a port of engines, 2377 or 7946',
  severity: ['cause'],
  meaning:
    'Engines of a swarm speak TLS on 2377 and encrypt each datagram of 7946 by the swarm’s keys, from the first byte and without an option to leave it out. What stands there in clear comes from another program, such as a health check, a port scanner, a proxy or a monitor, and engines throw it away. What they say to each other is encrypted still; but whoever can send there can try, and names that are readable in it are known to that program.',
  proof: [
    'Recorded at the sender or at the receiver: connections to 2377 whose first bytes are no TLS record, or datagrams to 7946 that lack the form of encrypted ones, with the address and the port they come from',
    'Engines send gossip from 7946 itself; another port is a socket of another program. Whether a socket of that node had the port when its sockets were read',
    'What is spoken, where the first bytes tell (HTTP, SSH)',
  ],
  silencedBy: [
    'Every stream is TLS from its first byte and every datagram has the form of an encrypted one',
    'A stream that begins as TLS, and a name in what is encrypted otherwise: no other program sent that',
    'The one connection in clear that is made to test the matcher',
  ],
  remedy: [
    'Name the program on the sender: `ss -ntp dst :2377`, asked again and again, or `ss -nup` and `ss -nulp` with the port it sends from; of a container: the same by `nsenter -t PID -n`',
    'Point health checks and scanners elsewhere: whether a manager is well says `docker node ls`, not its port',
    'Allow 2377/tcp and 7946 from nodes of the swarm alone, on every node',
    'Where the sender is an engine that has no keys: `systemctl restart docker` there, or have it leave and join again',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/46838',
      says: 'On two days an engine logged that something sent it a state that was not encrypted, though encryption is configured, from another port each time.',
    },
  ],
  find(lab) {
    const subjects = new Set(
      lab.everyProblem.filter(({ code }) => code === 'datagram-not-encrypted').map(({ subject }) => subject),
    )
    // A name in what has the form of encrypted gossip, or in records of TLS, was sent by an engine.
    const isClear = ({ code, subject }: Reported): boolean =>
      codes.includes(code) || (code === 'name-readable' && subjects.has(subject))
    return clearSenders(lab).map((sender) => draftOf(sender, isClear))
  },
  gravity: 93,
}

function draftOf(sender: ClearSender, isClear: (problem: Reported) => boolean): Draft {
  const { port, address, node, ports, held, to, count, speaks, besideEncrypted } = sender
  const isGossip = port === gossipPort
  const who = node ?? address
  const isGossipPort = isGossip && ports.every((one) => one === gossipPort)
  // Whoever is no node of the swarm need have no engine.
  const isEnginePort = isGossipPort && node !== undefined
  const [protocol, packets] = isGossip ? ['UDP', 'datagrams'] : ['TCP', 'connections']
  const from = `port${ports.length === 1 ? '' : 's'} ${ports.slice(0, 3).join(', ')}${ports.length > 3 ? ' and others' : ''}`
  return {
    title: `${who} sends ${speaks ?? 'clear text'} to ${protocol} ${port} of ${inWords(to)}, from ${from}: ${isEnginePort ? 'the port of its engine' : isGossipPort ? 'it is no node of the swarm' : 'no engine does'}`,
    cause: isEnginePort
      ? `Gossip leaves ${who} from 7946, where its engine sends from, and is not encrypted: ${besideEncrypted ? 'the engine there has keys and sends encrypted gossip besides, so another program sends from the same port, perhaps in a container' : 'either the engine there has no keys of this swarm, or another program sends from that port'}. Other programs gossip by 7946 as well, such as MetalLB and Grafana Loki. Other nodes throw it away.`
      : `Engines ${isGossip ? 'encrypt gossip, and send it from 7946' : 'speak TLS on 2377, from the first byte'}. ${node === undefined ? `${address} is the address of no node; whatever sends from there is no engine of this swarm` : `This is sent by another program on ${node}, or in a container there whose packets leave by the address of the node`}. Engines throw it away.`,
    remedy: [
      ...(node === undefined
        ? [`Find who has ${address}`]
        : isGossip
          ? [
              `On ${node}: \`ss -nuap '( sport = :${ports[0] ?? ''} )'\` names the program${held.length > 0 ? '' : '; of a container: the same by `nsenter -t PID -n`'}`,
            ]
          : [
              `On ${node}: \`while :; do ss -ntap '( dport = :${port} )' | grep -v dockerd; sleep 0.1; done\` names the program while it is connected`,
            ]),
      ...(isEnginePort && besideEncrypted !== true
        ? [`An engine without keys: \`systemctl restart docker\` on ${who}`]
        : []),
      `Point it elsewhere or end it, and allow ${port}/${protocol.toLowerCase()} from nodes of the swarm alone`,
    ],
    nodes: node === undefined ? [] : [node],
    proof: [
      `${count} ${packets} from ${address}${node === undefined ? '' : ` (${node})`}, ${from}, to ${protocol} ${port} of ${to.join(', ')}${speaks === undefined ? '' : `: ${speaks}`}`,
      ...(isEnginePort && besideEncrypted === true
        ? [`encrypted gossip came from ${address}, port ${gossipPort}, besides`]
        : []),
      ...(held.length === 0
        ? []
        : [`${node ?? ''}: a socket of the host itself has ${protocol} ${held.slice(0, 3).join(', ')}`]),
    ],
    explains: (problem) => isClear(problem) && isOf(problem, sender),
  }
}

/** Where both ends are nodes it has a path; a stranger is known by whom it sends to. */
function isOf({ port, path, node }: Reported, sender: ClearSender): boolean {
  if (port !== sender.port) return false
  if (path !== undefined) return [sender.node, sender.address].includes(path.from)
  return node !== undefined && sender.to.includes(node)
}
