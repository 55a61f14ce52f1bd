import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import type { ListedNetwork } from '../../swarm/form-swarm.ts'
import type { LabView } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'

const codes: readonly ProblemCode[] = [
  'outsider-knows-network',
  'outsider-shown-network',
  'outsider-joined-network',
]

/** What a host outside the swarm showed; runs of before its networks were kept have their names alone. */
interface OutsideSeen {
  readonly outsider?: string
  readonly swarmState?: string
  readonly outside?: {
    readonly networks?: readonly string[]
    readonly listed?: readonly ListedNetwork[]
  }
}

/** A host that is in no swarm has a network of its own with the name of an overlay. */
export const sameNameOutside: Rule = {
  code: 'same-name-outside',
  title: 'A host outside the swarm has a network with the name of one of its overlays',
  severity: ['cause'],
  meaning:
    'Names of networks are unique in a swarm alone. An engine that is in none learns nothing of its overlays: what it lists under such a name is a network of its own. Containers that are started there by that name run, and reach nothing of the swarm: compose files and scripts that are meant for the swarm work on the wrong host without a word.',
  proof: [
    'The engine of that host says that it is in no swarm, and lists a network of the name, or shows it, or runs a container on it',
    'Driver and scope of what it lists, where they were kept',
  ],
  silencedBy: [
    'It lists none of that name: an engine that shows an overlay without listing it is something else',
    'It is in a swarm: then it was not outside',
    'What it lists has the scope `swarm`: left from a swarm, and no network of its own',
  ],
  remedy: [
    'On that host: `docker network inspect NAME` (driver, who is attached), then `docker network rm NAME`, or give one of both another name',
    'It is to be a node: `docker swarm join`; name networks of hosts and of swarms apart, such as by a prefix',
  ],
  reports: [],
  find(lab) {
    const problems = lab.problems(...codes)
    const hosts = [...new Set(problems.flatMap(({ node }) => node ?? []))]
    return hosts.flatMap((host) => {
      const names = [
        ...new Set(problems.filter(({ node }) => node === host).flatMap(({ network }) => network ?? [])),
      ]
      return draftOf(host, names, lab)
    })
  },
  gravity: 192,
}

function draftOf(host: string, names: readonly string[], lab: LabView): Draft[] {
  const { outsider, swarmState, outside } = (lab.scene('OVL-16') ?? {}) as OutsideSeen
  if (outsider !== host || swarmState !== 'inactive') return []
  const kinds = outside?.listed ?? []
  const own = names.filter(
    (name) =>
      outside?.networks?.includes(name) === true &&
      !kinds.some((one) => one.name === name && one.scope === 'swarm'),
  )
  const [first] = own
  if (first === undefined) return []
  const kindOf = (name: string): string =>
    kinds
      .filter((one) => one.name === name)
      .map(({ driver, scope }) => ` (${driver}, ${scope})`)
      .join('')
  return [
    {
      title: `${host} is in no swarm and has ${own.length === 1 ? 'a network' : 'networks'} of its own with the name ${inWords(own)}`,
      cause: `The engine of ${host} learns nothing of the swarm’s overlays; what it lists under ${own.length === 1 ? 'that name was' : 'those names was'} made there. Containers that are started on ${host} by the name run on it and reach nothing of the swarm.`,
      remedy: [
        `On ${host}: \`docker network inspect ${first}\` shows who is attached, \`docker network rm ${first}\` removes it; or give one of both another name`,
        `If ${host} is to be in the swarm: \`docker swarm join\``,
      ],
      nodes: [host],
      networks: own,
      proof: own.map((name) => `${host}, swarm ${swarmState}: docker network ls has ${name}${kindOf(name)}`),
      explains: ({ code, node, network }) =>
        codes.includes(code) && node === host && own.includes(network ?? ''),
    },
  ]
}
