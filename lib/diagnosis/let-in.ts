import type { Chain, PlacedRule, Ruleset } from '../observe/ruleset.ts'
import type { AskedPacket } from '../observe/who-decides.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

/** What drops traffic, and how it was reached. */
export interface Dropping {
  readonly by: PlacedRule | Chain
  /** Rules that led to it, the one of a chain with a hook first, itself last; empty for a policy. */
  readonly path: readonly PlacedRule[]
}

export const isChain = (by: PlacedRule | Chain): by is Chain => 'rules' in by

/**
 * The rule that says which packets are dropped: of one that drops all that comes to its chain, the one that led there.
 * Undefined for a policy.
 */
export function choosing({ by, path }: Dropping): PlacedRule | undefined {
  return isChain(by) ? undefined : (path.findLast(({ conditions }) => conditions.length > 0) ?? by)
}

type Wanted = Pick<AskedPacket, 'protocol' | 'destinationPort' | 'ofKernel'>

/**
 * What lets traffic in that is dropped, in the words of the program that keeps the rules. Nothing is accepted before the
 * engine’s rule that keeps clear text out of encrypted networks.
 */
export function letIn(dropping: Dropping, ruleset: Ruleset, wanted: Wanted, senders: string): string[] {
  if (isOfFirewalld(dropping, ruleset)) return byFirewalld(dropping, wanted, senders)
  if (isOfUfw(dropping, ruleset)) return byUfw(dropping, wanted, senders)
  if (isOfCalico(dropping)) return byCalico(dropping, wanted)
  const { by } = dropping
  return by.table.includes(' ') ? byNft(by, wanted, senders) : byIptables(dropping, ruleset, wanted, senders)
}

const chainOf = (by: PlacedRule | Chain): string => (isChain(by) ? by.name : by.chain)

/** With its own tables, or through chains of iptables that it names so. */
function isOfFirewalld({ by, path }: Dropping, ruleset: Ruleset): boolean {
  if (by.table.includes(' ')) return / firewalld$/.test(by.table)
  return (
    by.table === 'filter' &&
    path.length > 0 &&
    ruleset.some(({ table, name }) => table === 'filter' && name === 'INPUT_ZONES') &&
    (path.some(({ chain }) => /^IN_|^INPUT_/.test(chain)) || path.length === 1)
  )
}

function byFirewalld({ by }: Dropping, { protocol, destinationPort }: Wanted, senders: string): string[] {
  if (/_deny$/.test(chainOf(by)))
    return [
      '`firewall-cmd --list-all-zones` shows the rule that drops it, `firewall-cmd --remove-rich-rule` takes it away; then the same with `--permanent`',
    ]
  const what =
    destinationPort === undefined
      ? `protocol value="${protocol}"`
      : `port port="${destinationPort}" protocol="${protocol}"`
  return [
    `\`firewall-cmd --add-rich-rule='rule family="ipv4" source address="${senders}" ${what} accept'\`, with \`--zone=\` of its interface (\`firewall-cmd --get-active-zones\`), and the same with \`--permanent\``,
    'Do not reload firewalld for it: `firewall-cmd --reload` takes rules of the engine away, until docker is restarted',
  ]
}

function isOfUfw({ by }: Dropping, ruleset: Ruleset): boolean {
  return (
    by.table === 'filter' &&
    ruleset.some(({ table, name }) => table === 'filter' && name.startsWith('ufw-')) &&
    (isChain(by) || by.chain.startsWith('ufw-'))
  )
}

function byUfw({ by }: Dropping, { protocol, destinationPort }: Wanted, senders: string): string[] {
  const chain = chainOf(by)
  if (/^ufw-before-/.test(chain))
    return [
      'take the rule out of `/etc/ufw/before.rules`, which is asked before all others, and `ufw reload`',
    ]
  const how = /^ufw-user-/.test(chain) ? 'prepend allow' : 'allow'
  const port = destinationPort === undefined ? '' : ` to any port ${destinationPort}`
  return [`\`ufw ${how} proto ${protocol} from ${senders}${port}\`, which stays after a restart`]
}

/** Through chains that Calico names so. */
const isOfCalico = ({ by, path }: Dropping): boolean =>
  !by.table.includes(' ') && path.some(({ chain }) => chain.startsWith('cali-'))

/** Its agent writes back what somebody deletes, and its jump to the top: no rule of iptables lasts. */
function byCalico(dropping: Dropping, wanted: Wanted): string[] {
  const [top] = dropping.path
  const rule = choosing(dropping)
  const isOfItsVxlan =
    wanted.ofKernel === true &&
    wanted.destinationPort !== undefined &&
    rule !== undefined &&
    isForNothingElse(rule, wanted)
  return [
    isOfItsVxlan
      ? `where Calico runs there, its agent writes the rule back: give its VXLAN another port than ${wanted.destinationPort ?? ''}, \`kubectl patch felixconfiguration default --type merge -p '{"spec":{"vxlanPort":4790}}'\``
      : 'where Calico runs there, its agent writes the rule back: allow it in the policy of the host endpoint, `kubectl get hostendpoints,globalnetworkpolicies`',
    ...(top === undefined
      ? []
      : [
          `Where Calico is gone its chains are left over: \`iptables -t ${top.table} -D ${top.chain} ${top.text}\` takes away what leads to them`,
        ]),
  ]
}

const byNftWords = ({ protocol, destinationPort }: Wanted): string =>
  destinationPort === undefined ? `ip protocol ${protocol}` : `${protocol} dport ${destinationPort}`

const byIptablesWords = ({ protocol, destinationPort }: Wanted): string =>
  `-p ${protocol}${destinationPort === undefined ? '' : ` --dport ${destinationPort}`}`

function byNft(by: PlacedRule | Chain, wanted: Wanted, senders: string): string[] {
  return [
    `\`nft insert rule ${by.table} ${chainOf(by)} ip saddr ${senders} ${byNftWords(wanted)} accept\`, ${keep('/etc/nftables.conf')}`,
  ]
}

const keep = (file: string): string => `and keep that in whatever writes the rules (${file}, a script)`

function byIptables(dropping: Dropping, ruleset: Ruleset, wanted: Wanted, senders: string): string[] {
  const rule = choosing(dropping)
  if (rule !== undefined && isForNothingElse(rule, wanted))
    return [
      `\`iptables -t ${rule.table} -D ${rule.chain} ${rule.text}\`, and take it out of whatever writes it (iptables-persistent, a script)`,
    ]
  const accept = `${byIptablesWords(wanted)} -s ${senders} -j ACCEPT`
  if (rule === undefined)
    return [
      `\`iptables -t ${dropping.by.table} -A ${chainOf(dropping.by)} ${accept}\`, ${keep('iptables-persistent')}`,
    ]
  const behind = rulesOfEncryption(dropping, ruleset)
  return [
    `\`iptables -t ${rule.table} -I ${rule.chain} ${rule.position} ${accept}\`, ${keep('iptables-persistent')}`,
    ...behind.map(
      ({ table, chain, text }) =>
        `Then put the engine's rule before it again, which keeps clear text out of an encrypted network: \`iptables -t ${table} -D ${chain} ${text}; iptables -t ${table} -I ${chain} ${text}\``,
    ),
  ]
}

/** Then nothing else is let in where the rule is taken away. */
function isForNothingElse({ conditions }: PlacedRule, { protocol, destinationPort }: Wanted): boolean {
  return conditions.some(
    ({ left, not, values }) =>
      not !== true &&
      values.length === 1 &&
      (destinationPort === undefined
        ? left === 'meta l4proto' && values[0] === protocol
        : left === `${protocol} dport` && values[0] === String(destinationPort)),
  )
}

/** Rules that drop clear VXLAN of encrypted networks and stand behind what drops this traffic. */
function rulesOfEncryption({ path }: Dropping, ruleset: Ruleset): readonly PlacedRule[] {
  const [top] = path
  const base = ruleset.find(({ table, name }) => table === top?.table && name === top.chain)
  return (base?.rules ?? []).filter(
    ({ position, verdict, conditions }) =>
      position > (top?.position ?? 0) && verdict === 'drop' && conditions.some(({ left }) => left === 'vni'),
  )
}

/** The engine sets the policy of FORWARD itself and accepts its own networks before it. */
export function isEnginesPolicy({ table, name }: Chain): boolean {
  return table === 'filter' && name === 'FORWARD'
}

/** What lets out what the node sends itself: a rule is taken away, before a policy the traffic is accepted. */
export function letOut(dropping: Dropping, wanted: Wanted): string {
  const { by } = dropping
  const rule = choosing(dropping)
  const isNft = by.table.includes(' ')
  if (rule !== undefined)
    return isNft
      ? `\`nft -a list chain ${rule.table} ${rule.chain}\` shows the handle of that rule, \`nft delete rule ${rule.table} ${rule.chain} handle HANDLE\` takes it away`
      : `\`iptables -t ${rule.table} -D ${rule.chain} ${rule.text}\`, or accept this traffic before it`
  if (isNft) return `\`nft add rule ${by.table} ${chainOf(by)} ${byNftWords(wanted)} accept\``
  return `\`iptables -t ${by.table} -A ${chainOf(by)} ${byIptablesWords(wanted)} -j ACCEPT\``
}

/** What lets pass what is forwarded between containers and the outside. */
export function letForward(dropping: Dropping): string[] {
  const { by } = dropping
  const rule = choosing(dropping)
  if (/ firewalld$/.test(by.table))
    return [
      `\`firewall-cmd --zone=docker --change-interface=${gatewayBridgeName}\`, and the same with \`--permanent\`; do not reload firewalld for it, which takes rules of the engine away until docker is restarted`,
    ]
  if (dropping.path.some(({ chain }) => chain.startsWith('ufw-')))
    return [
      `\`ufw route allow proto tcp from any to any port PORT\`: of the routing mesh the published port, of mode host the container's own; what containers send out passes by \`ufw route allow in on ${gatewayBridgeName}\``,
      'Do not take the rule itself away: it keeps all published ports closed that ufw was not told of',
    ]
  if (by.table.startsWith('bridge ')) {
    const chain = `${by.table} ${isChain(by) ? by.name : by.chain}`
    return [
      `\`nft insert rule ${chain} meta obrname ${gatewayBridgeName} accept; nft insert rule ${chain} meta ibrname ${gatewayBridgeName} accept\`, ${keep('/etc/nftables.conf, the ebtables service')}`,
    ]
  }
  if (by.table.includes(' ')) {
    const [one, other] = ['iifname', 'oifname'].map(
      (side) =>
        `nft insert rule ${by.table} ${isChain(by) ? by.name : by.chain} ${side} ${gatewayBridgeName} accept`,
    )
    return [
      `\`${one}; ${other}\`, and keep both in whatever writes the rules (/etc/nftables.conf, a script); the engine's own rules are asked all the same`,
    ]
  }
  if (isChain(by) && isEnginesPolicy(by))
    return [
      '`systemctl restart docker` writes the rules of the engine again that accept it before the policy: `iptables -S FORWARD` has to lead to DOCKER-INGRESS or DOCKER-FORWARD',
    ]
  if (rule === undefined)
    return [
      `\`iptables -t ${by.table} -A FORWARD -o ${gatewayBridgeName} -j ACCEPT\`, and the same with \`-i\`, before the policy`,
    ]
  const removal = `\`iptables -t ${rule.table} -D ${rule.chain} ${rule.text}\``
  return rule.chain === 'DOCKER-USER'
    ? [
        `${removal}, or limit it to what it is for: in DOCKER-USER the published port is \`-m conntrack --ctorigdstport PORT\`, and answers pass by \`-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\` before it`,
      ]
    : [
        `${removal}, and put your own into the chain DOCKER-USER, which the engine asks first and leaves alone`,
      ]
}
