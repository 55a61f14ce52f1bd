import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { reversibly } from '../../lib/change/reversibly.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { missingTool } from '../../lib/missing-tool.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { type Deciding, deciding } from '../../lib/observe/deciding.ts'
import type { FirewallRule } from '../../lib/observe/host-state.ts'
import { poll } from '../../lib/poll.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { sh } from '../../lib/script.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import { rulesOfWay, wayOfPort } from '../../lib/observe/way-of-port.ts'
import { ingressTables } from '../ING/ingress-tables.ts'
import { rootSeen } from '../scene/judging/kernel-seen.ts'
import { onNode } from '../scene/sending/pair.ts'
import { moby } from '../source.ts'
import { disturbedNode } from './disturbed-node.ts'
import { type Undone, undoneTooEarly, undoing } from './undoing.ts'

/** An engine that hears of a reload (firewalld tells it) recreates its rules at once; 30 s leave it time on a slow host. */
const answersWithinMs = 30_000

export const firewallReload = requirement({
  id: 'RES-05',
  requirement: 'After a firewall reload published ports answer again, or the report names the missing rules.',
  source: [moby('libnetwork/iptables/firewalld.go; moby/moby#50443')],
  safety: 'lab',
  advisory: true,
  needs: ['two-nodes', 'ipvs'],
  method:
    'On one node all rules of filter, nat and mangle are flushed, as a reload of a firewall does that does not know the engine’s. For 30 s other nodes ask its published port. If it does not answer, the rules that were there before and are missing now must explain it and are named; then everything is put back as it was. Rules of ingress that are missing while the port answers are reported as well.',
  usualCauses: [
    'systemctl reload nftables, ufw reload or iptables-restore: only firewalld tells the engine (moby/moby#50443)',
  ],
  remedy: [
    'restart the engine of the node: it recreates its rules',
    'let the firewall’s unit be followed by the engine’s: PartOf= or ExecStartPost= with systemctl restart docker',
  ],
  codes: ['published-port-silent-unexplained'],
  changes: ['host'],
  quiet: ['traffic', 'tasks', 'changes'],
  reads: [],
  probes: ({ facts }) => 4 * (facts.nodes.length - 1),
  async observe(lab): Promise<Reloaded> {
    const node = disturbedNode(lab)
    const port = publishedPort(lab.stack)
    const seen = { node: node.host.name, port, before: await ask(lab, node, port) }
    if (silent(seen.before).length > 0) return seen
    const { rules, way } = await rulesOf(lab, node, port)
    const restore = await flush(node, lab.label)
    let undone: Undone
    let answers: Polled<readonly Asked[]>
    let after: Rules
    try {
      answers = await poll(
        {
          what: `the published port of ${node.host.name} answers`,
          ...{ withinMs: answersWithinMs, everyMs: 1000, signal: lab.signal },
        },
        () => ask(lab, node, port),
        silent,
      )
      after = await rulesOf(lab, node, port)
    } finally {
      undone = await undoing(restore)
    }
    const missing = rules.filter((rule) => !after.rules.includes(rule))
    return {
      ...seen,
      after: { answers, undone, rules: rules.length, missing, way },
      ...(silent(answers.last).length === 0 ? {} : { deciding: { [seen.node]: after.deciding } }),
    }
  },
  judge({ node, port, before, after }) {
    const held = before.length > 0 && silent(before).length === 0
    const controls = [{ name: 'the published port answered before', held }]
    if (after === undefined) return judgement({ controls, conclusion: '' })
    const { answers, undone, rules, missing, way } = after
    const bound = answersWithinMs / 1000
    const answered = silent(answers.last).length === 0
    const explained = missing.some((rule) => way?.includes(rule) ?? rule.includes('DOCKER-INGRESS'))
    return judgement({
      problems:
        answered || explained
          ? []
          : silent(answers.last).map(({ from, probe }): Problem => ({
              ...{ code: 'published-port-silent-unexplained', kind: 'missed', node, port },
              ...{ path: { from, to: node }, address: probe.to, observed: outcomeSeen(probe) },
            })),
      controls,
      measures: answered
        ? [{ name: 'until the published port answered', value: answers.seconds, unit: 's', bound }]
        : [],
      unseen: undoneTooEarly(undone, node),
      tables: {
        'rules missing after the reload': { node, missing },
        ...(undone === null ? {} : { 'the rules were not put back': undone.message }),
      },
      conclusion: answered
        ? `the published port of ${node} answered ${answers.seconds} s after the reload; ${missing.length} of ${rules} rules did not come back`
        : `the published port of ${node} does not answer within ${bound} s after a firewall reload: ${missing.length} rules are missing, first ${missing[0] ?? ''}; restarting the engine brings them back`,
    })
  },
})

interface Reloaded {
  readonly node: string
  readonly port: number
  readonly before: readonly Asked[]
  /** Only where the port answered before. */
  readonly after?: {
    readonly answers: Polled<readonly Asked[]>
    readonly undone: Undone
    /** How many rules there were before. */
    readonly rules: number
    readonly missing: readonly string[]
    /** Of the rules before, those by which the port was led to the mesh; not there in older runs. */
    readonly way?: readonly string[]
  }
  /** By name of the node, where the port was silent to the end. */
  readonly deciding?: Readonly<Record<string, Deciding>>
}

/** Flushes all tables and returns how to put back what was in them; the host does so if the owner of this run dies. */
function flush({ host }: ClusterNode, run: string): Promise<() => Promise<void>> {
  return reversibly(host, {
    name: 'firewall-flush',
    run,
    do: sh`iptables-save >"$change/saving"
mv "$change/saving" "$change/saved"
for table in filter nat mangle; do iptables -w -t "$table" -F; done`,
    undo: sh`[ ! -e "$change/saved" ] || iptables-restore <"$change/saved"`,
    deadManSeconds: 180,
  })
}

interface Rules {
  readonly rules: readonly string[]
  /** Of them, those by which the port is led to the mesh. */
  readonly way: readonly string[]
  readonly deciding: Deciding
}

async function rulesOf(lab: ObserveContext, { host }: ClusterNode, port: number): Promise<Rules> {
  const seen = Object.fromEntries(await lab.kernel({ fresh: true }))
  const root = rootSeen(seen, host.name, 'firewall')
  const state = seen[host.name]
  if (state === undefined || !('got' in root)) {
    if ('missing' in root) throw missingTool('iptables-save', host.name)
    throw new Inconclusive(`the rules of ${host.name} could not be read`)
  }
  const tables = ingressTables(seen, host.name, 'firewall')
  const way = 'got' in tables ? wayOfPort(tables.got, { protocol: 'tcp', publishedPort: port }) : undefined
  return {
    deciding: deciding(state),
    rules: root.got.firewall.map(text),
    way: (way === undefined ? [] : rulesOfWay(way)).map((rule) => text({ ...rule, rule: rule.text })),
  }
}

function text({ table, chain, rule }: Pick<FirewallRule, 'table' | 'chain' | 'rule'>): string {
  return `-t ${table} -A ${chain} ${rule}`
}

/** What one node got that asked the published port of another. */
type Asked = Sent<{ readonly from: string }>

function publishedPort({ services }: Stack): number {
  const port = services.web.published.find(({ mode }) => mode === 'ingress')
  if (port === undefined) throw new Inconclusive('nothing is published through ingress')
  return port.publishedPort
}

/** Every other node asks. */
function ask({ cluster, stack, probe }: ObserveContext, node: ClusterNode, port: number): Promise<Asked[]> {
  return sendPlan(
    probe,
    cluster.nodes
      .filter((other) => other !== node)
      .map((other) => ({
        from: other.host.name,
        request: {
          ...{ from: onNode(other), to: node.advertise.address, kind: 'tcp', port },
          ...{ request: httpGet(pagePath(stack)), timeoutMs: 5000 },
        },
      })),
  )
}

function silent(asked: readonly Asked[]): Asked[] {
  return asked.filter(({ probe }) => probe.outcome !== 'answered')
}
