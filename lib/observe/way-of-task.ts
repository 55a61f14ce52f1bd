import { gatewayBridgeName } from '../topology/swarm-defaults.ts'
import type { Chain, PlacedRule } from './ruleset.ts'
import { rulesetOf } from './ruleset.ts'
import { type IngressTables, wayOfPort } from './way-of-port.ts'
import { type AskedPacket, type Decision, whoDecides } from './who-decides.ts'

/** What a node’s rules do with a task’s connection to a port that the node publishes, at the node’s own address. */
export interface TaskWay {
  /** Address of ingress_sbox on docker_gwbridge, which the task is behind, too. */
  readonly sandbox: string
  /** DNAT that leads to the sandbox; undefined where none does. */
  readonly translation: PlacedRule | undefined
  /** What ends its way before DNAT; undefined where no rule does. */
  readonly keptBy: PlacedRule | undefined
  /** What drops it on its way to the sandbox, where that is certain. */
  readonly droppedBy: PlacedRule | Chain | undefined
  /**
   * Its source is replaced, so that answers come back through the host. Otherwise they pass the bridge alone, and only a
   * host that filters bridges gives them the address that was asked.
   */
  readonly masqueraded: boolean
}

/** @param address of the node, as the task asks it. Undefined where the sandbox is not on docker_gwbridge. */
export function wayOfTask(
  tables: IngressTables,
  port: { readonly protocol: string; readonly publishedPort: number },
  address: string,
): TaskWay | undefined {
  const { sandbox } = wayOfPort(tables, port)
  if (sandbox === undefined) return undefined
  const ruleset = rulesetOf(tables.root)
  // The sandbox's stands for any address of its subnet that is not the host's own, such as the task's.
  const packet: AskedPacket = {
    ...{
      protocol: port.protocol,
      destinationPort: port.publishedPort,
      destination: address,
      source: sandbox,
    },
    ...{ state: 'new', byIpsec: false, in: gatewayBridgeName, fromHost: false, toHost: true },
  }
  const asked = whoDecides(ruleset, 'prerouting', packet)
  const onward: AskedPacket = {
    ...{ ...packet, destination: sandbox, out: gatewayBridgeName, toHost: false, translated: true },
    askedPort: port.publishedPort,
  }
  const forwarding = whoDecides(ruleset, 'forward', onward)
  return {
    sandbox,
    translation: leading(asked, sandbox),
    keptBy: keeping(asked),
    droppedBy: isDropped(forwarding) ? forwarding.by : undefined,
    masqueraded: whoDecides(ruleset, 'postrouting', onward).asked.some(
      ({ rule, applies, beyond }) => rule.masquerades === true && applies !== 'some' && !beyond,
    ),
  }
}

/** A rule with a match that is not understood may lead it: packets have told otherwise, but not of this rule. */
function leading({ asked }: Decision, sandbox: string): PlacedRule | undefined {
  return asked.find(
    ({ rule, applies, beyond }) => rule.leadsTo?.split(':')[0] === sandbox && applies !== 'some' && !beyond,
  )?.rule
}

/** The first rule that is asked of all such packets, names their bridge and sends them past DNAT. */
function keeping({ asked }: Decision): PlacedRule | undefined {
  return asked.find(
    ({ rule, applies, beyond }) =>
      applies === 'all' &&
      !beyond &&
      rule.leadsTo === undefined &&
      (rule.verdict === 'accept' || rule.verdict === 'return') &&
      rule.conditions.some(({ left, not }) => left === 'iifname' && not !== true),
  )?.rule
}

function isDropped({ verdict, unless }: Decision): boolean {
  return (verdict === 'drop' || verdict === 'reject') && !unless.some(({ rule }) => rule.verdict === 'accept')
}
