import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { requireIngress } from '../../lib/swarm/no-ingress.ts'
import type { PublishedPort } from '../../lib/swarm/cluster.ts'
import { answeredBy } from '../scene/mesh.ts'
import { taskLabel } from '../scene/pair.ts'
import { publishing } from '../scene/publishing.ts'
import { docs } from '../source.ts'

export const shortAndLong = conformanceTest({
  id: 'ING-04',
  requirement: 'Short and long `--publish` syntax behave the same.',
  source: [docs('Publish ports on an overlay network')],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'One service publishes the same target port twice, once by each syntax. The manager must hold the same settings for both but for the number of the port, and on every node, asked by every other, the same tasks must answer on either port.',
  usualCauses: [
    'the rules for one of the ports are gone from a node: see ING-05',
    'a firewall between the nodes lets one of the ports pass only',
  ],
  remedy: [
    'docker service inspect SERVICE --format "{{json .Endpoint.Ports}}"',
    'iptables -t nat -S DOCKER-INGRESS on the node named: one rule per port; restart its engine if one is missing',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    requireIngress(stack)
    const { asked, dualTasks } = await publishing(context)
    const { dual } = stack.services
    const [long, short, ...others] = dual.published
      .filter(({ protocol }) => protocol === 'tcp')
      .toSorted((a, b) => a.publishedPort - b.publishedPort)
    if (long === undefined || short === undefined || others.length > 0)
      throw new Error(`service ${dual.name} does not publish two TCP ports`)
    const names = new Map(dualTasks.map((task) => [task.hostname, taskLabel(task)]))
    const answering = (port: PublishedPort, node: (typeof cluster.nodes)[number]): string[] => {
      const replies = asked
        .filter((one) => one.service === dual && one.port === port && one.to === node)
        .flatMap(({ observation }) => answeredBy(observation))
      return [...new Set(replies.map((hostname) => names.get(hostname) ?? `stranger ${hostname}`))].sort()
    }
    const rows = cluster.nodes.map((node) => ({
      node: node.host.name,
      long: answering(long, node),
      short: answering(short, node),
    }))
    const settings = ({ protocol, targetPort, mode }: PublishedPort): string =>
      JSON.stringify({ protocol, targetPort, mode })
    evidence.observe('what the manager holds of each', { long, short })
    evidence.observe('tasks that answered, by node asked', rows)
    const manager = cluster.manager.host.name
    requireNone('both syntaxes publish alike', [
      ...(settings(long) === settings(short)
        ? []
        : [
            `${manager} holds ${JSON.stringify(long)} by the long syntax, ${JSON.stringify(short)} by the short`,
          ]),
      ...rows.flatMap((row) => differences(row, [...names.values()], long, short)),
    ])
    evidence.conclude(
      `ports ${long.publishedPort} (long) and ${short.publishedPort} (short) have the same settings, and on each of ${rows.length} nodes the same ${names.size} tasks answer on both`,
    )
  },
})

function differences(
  {
    node,
    ...row
  }: { readonly node: string; readonly long: readonly string[]; readonly short: readonly string[] },
  tasks: readonly string[],
  long: PublishedPort,
  short: PublishedPort,
): string[] {
  const expected = [...tasks].sort().join(', ')
  return [
    { syntax: 'long', port: long, seen: row.long },
    { syntax: 'short', port: short, seen: row.short },
  ]
    .filter(({ seen }) => seen.join(', ') !== expected)
    .map(
      ({ syntax, port, seen }) =>
        `${node}: on ${port.publishedPort}, published by the ${syntax} syntax, answered ${seen.join(', ') || 'nothing'}; expected ${expected}`,
    )
}
