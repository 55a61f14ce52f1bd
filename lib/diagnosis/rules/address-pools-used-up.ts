import { nodesOf } from '../../observation/problem.ts'
import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import { gatewayBridgeByHand, poolsUsedUp } from '../../topology/local-pools.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { refusalsAt, unseenAt } from '../refusals.ts'
import type { Draft, Rule } from '../rule.ts'

/** Routes, or bridges, leave the engine of a node no subnet of its pools. */
export const addressPoolsUsedUp: Rule = {
  code: 'address-pools-used-up',
  title: 'Routes of a node cover all address pools: its engine can make no further bridge',
  severity: ['cause', 'advice'],
  meaning:
    'For a bridge without a subnet of its own the engine takes one that no route of the host covers. A VPN that leads everything into its tunnel by 0.0.0.0/1 and 128.0.0.0/1, or wide routes to private ranges, cover them all. A node that joins a swarm then gets no docker_gwbridge, and every task on an overlay is refused there. Where the bridge is there already, the swarm goes on until it has to be made again.',
  proof: [
    'Every subnet of the usual pools (172.17.0.0/16 to 172.31.0.0/16, 192.168.0.0/16) is covered by routes of the node that engines count: those without a gateway, and before engine 23.0 all but the default route',
    'The engine refused tasks there with “could not find an available, non-overlapping IPv4 address pool”, or docker_gwbridge is missing: then it is a cause',
  ],
  silencedBy: [
    'A subnet of the pools is free',
    'A bridge of the engine has a subnet outside of the usual pools: `default-address-pools` names others',
  ],
  remedy: [
    `Make the bridge by hand before the node joins, with a SUBNET that is free there: \`${gatewayBridgeByHand}\``,
    'Or name free pools in `/etc/docker/daemon.json`: `"default-address-pools": [{ "base": "10.213.0.0/16", "size": 24 }]`, and `systemctl restart docker`',
    'See what covers them: `ip route`; let the VPN route into its tunnel via a gateway: engines from 23.0 do not count such routes',
    'Bridges that nobody needs take them, too: `docker network prune`',
  ],
  reports: [
    {
      url: 'https://github.com/docker/for-linux/issues/418',
      says: 'No network could be created while an OpenVPN tunnel was up.',
    },
    {
      url: 'https://github.com/docker/for-linux/issues/599',
      says: 'With routes to both ranges of the pools none was free; a network with `--subnet` could be created.',
    },
    {
      url: 'https://github.com/moby/moby/pull/42598',
      says: 'Engines from 23.0 count routes that lead to neighbours directly and no others.',
    },
  ],
  find(lab) {
    const states = Object.entries(lab.kernelAfter ?? lab.kernelBefore ?? {})
    return states.flatMap(([node, { root }]) => {
      const version = lab.facts?.nodes.find(({ name }) => name === node)?.engineVersion
      const used = version === undefined ? undefined : poolsUsedUp(root.routes, version)
      return used === undefined
        ? []
        : [
            draftOf(
              lab,
              node,
              used,
              root.links.some(({ name }) => name === gatewayBridgeName),
            ),
          ]
    })
  },
  gravity: 28,
}

/** Seen to leave one node and not to come to the other, of whatever runs there. */
const isBetweenNodes = ({ code }: Reported): boolean => code.endsWith('-lost-on-the-way')

function draftOf(
  lab: LabView,
  node: string,
  { routes, bridges }: NonNullable<ReturnType<typeof poolsUsedUp>>,
  hasBridge: boolean,
): Draft {
  const named = routes.map(({ destination, device }) => `${destination} dev ${device}`)
  const refused = refusalsAt(lab, node, 'pools-used-up')
  const broken = !hasBridge || refused.length > 0
  const explains = (problem: Reported): boolean =>
    broken && problem.kind === 'missed' && !isBetweenNodes(problem) && nodesOf(problem).includes(node)
  const accountsFor = (id: string): boolean => broken && unseenAt(lab, id, node)
  const isCause = lab.problems().some(explains) || lab.notPassed.some(({ id }) => accountsFor(id))
  const by = named.length > 0 ? `routes (${named.slice(0, 3).join(', ')})` : `${bridges} bridges`
  return {
    title: `${node}: ${by} cover all address pools: its engine ${broken ? 'finds none for docker_gwbridge' : 'can make no further bridge, nor docker_gwbridge again'}`,
    cause: `The engine of ${node} takes subnets of bridges from 172.17.0.0/16 to 172.31.0.0/16 and 192.168.0.0/16, and leaves out what a route of the host covers. ${broken ? 'Without docker_gwbridge it refuses every task on an overlay.' : 'The bridge that swarm needs is there, so the swarm works until the node joins again.'}`,
    remedy: [
      `On ${node}, ${broken ? 'then let it leave and join again' : 'before it joins again'}, with a SUBNET that is free there: \`${gatewayBridgeByHand}\``,
      'Or other pools in `/etc/docker/daemon.json`: `"default-address-pools": [{ "base": "10.213.0.0/16", "size": 24 }]`, then `systemctl restart docker`',
      named.length > 0
        ? `\`ip route\` on ${node}: who made ${named[0] ?? ''}? A VPN (OpenVPN's def1) does`
        : `\`docker network prune\` on ${node} removes networks that nobody uses`,
    ],
    nodes: [node],
    proof: [
      ...named.slice(0, 6).map((route) => `${node}: ${route}`),
      ...(bridges === 0 ? [] : [`${node}: ${bridges} bridges of the engine have subnets of the pools`]),
      `${node}: ${hasBridge ? 'docker_gwbridge is there' : 'no docker_gwbridge'}`,
      ...refused
        .slice(0, 6)
        .map((service) => `${node}: a task of ${service} is refused: no address pool is free`),
    ],
    severity: isCause ? 'cause' : 'advice',
    explains,
    accountsFor,
  }
}
