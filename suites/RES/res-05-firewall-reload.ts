import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { TestContext } from '../../lib/conformance/context.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { FirewallRule } from '../../lib/observe/host-state.ts'
import { reversibly } from '../../lib/host/reversibly.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { sh } from '../../lib/script.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { onNode } from '../scene/pair.ts'
import { moby } from '../source.ts'
import { disturbedNode } from './disturbed-node.ts'

/** An engine that hears of a reload (firewalld tells it) makes its rules anew at once; 30 s leave it time on a slow host. */
const answersWithinMs = 30_000

export const firewallReload = conformanceTest({
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
    'restart the engine of the node: it makes its rules anew',
    'let the firewall’s unit be followed by the engine’s: PartOf= or ExecStartPost= with systemctl restart docker',
  ],
  async run(context) {
    const { evidence } = context
    const node = disturbedNode(context)
    const { name } = node.host
    const before = await rulesOf(context, node)
    if (!(await answered(context, node)))
      throw new Error(`the published port of ${name} did not answer before`)
    const restore = await flush(node, context.label)
    let seconds: number | undefined
    let after: readonly string[]
    try {
      seconds = await answersWithin(context, node)
      after = await rulesOf(context, node)
    } finally {
      await restore()
    }
    const missing = before.filter((rule) => !after.includes(rule))
    evidence.observe('rules missing after the reload', { node: name, missing })
    if (seconds !== undefined) {
      evidence.measure('until the published port answered', seconds, 's', answersWithinMs / 1000)
      evidence.conclude(
        `the published port of ${name} answered ${seconds} s after the reload; ${missing.length} of ${before.length} rules did not come back`,
      )
      return
    }
    expect(
      missing.filter((rule) => rule.includes('DOCKER-INGRESS')),
      `the published port of ${name} does not answer within ${answersWithinMs / 1000} s after a firewall reload, and no missing rule of ingress explains it`,
    ).to.not.deep.equal([])
    evidence.conclude(
      `the published port of ${name} does not answer within ${answersWithinMs / 1000} s after a firewall reload: ${missing.length} rules are missing, first ${missing[0] ?? ''}; restarting the engine brings them back`,
    )
  },
})

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

async function rulesOf(context: TestContext, node: ClusterNode): Promise<string[]> {
  const states = await context.state({ fresh: true })
  return rootOf(stateOf(states, node), 'iptables-save').firewall.map(text)
}

function text({ table, chain, rule }: FirewallRule): string {
  return `-t ${table} -A ${chain} ${rule}`
}

async function answersWithin(context: TestContext, node: ClusterNode): Promise<number | undefined> {
  const startedAt = performance.now()
  const elapsed = (): number => performance.now() - startedAt
  while (elapsed() < answersWithinMs) {
    if (await answered(context, node)) return Math.round(elapsed() / 100) / 10
    await delay(1000, undefined, { signal: context.signal })
  }
  return undefined
}

/** Whether the port answers from every other node. */
async function answered({ cluster, stack, probe }: TestContext, node: ClusterNode): Promise<boolean> {
  const port = stack.services.web.published.find(({ mode }) => mode === 'ingress')
  if (port === undefined) throw new Error('nothing is published through ingress')
  const observations = await probe.send(
    cluster.nodes
      .filter((other) => other !== node)
      .map((other) => ({
        from: onNode(other),
        to: node.advertise.address,
        kind: 'tcp',
        port: port.publishedPort,
        request: httpGet(pagePath(stack)),
        timeoutMs: 5000,
      })),
  )
  return observations.every(({ outcome }) => outcome === 'answered')
}
