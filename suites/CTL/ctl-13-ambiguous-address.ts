import { requirement } from '../../lib/conformance/test.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { guardedState } from '../../lib/observe/guarded-state.ts'
import { readHostState } from '../../lib/observe/read-host-state.ts'
import { sh } from '../../lib/script.ts'
import { askEngine, leaveMarked, localNodeState } from '../../lib/swarm/membership.ts'
import { newSwarmMark } from '../../lib/swarm/swarm-mark.ts'
import { docs, moby } from '../source.ts'

export const ambiguousAddress = requirement({
  id: 'CTL-13',
  requirement:
    'On a host with addresses on several interfaces, init without `--advertise-addr` is refused with an error that names them.',
  source: [
    docs('Use a separate interface for control and data traffic'),
    moby('daemon/cluster/listen_addr.go, resolveSystemAddr'),
  ],
  safety: 'lab',
  needs: ['outsider'],
  method:
    'A host outside the swarm, whose engine is in none and which has addresses on several interfaces, is asked to initialise one without --advertise-addr. It must refuse, and what it says must name that option and two of the interfaces. Control: with the option and one of the addresses the same engine does it; it leaves that swarm at once.',
  usualCauses: ['all but one of the addresses are of networks the engine made, which do not count'],
  remedy: ['docker swarm init --advertise-addr ADDRESS-OR-INTERFACE'],
  codes: ['ambiguous-init-accepted', 'refusal-without-option', 'refusal-without-interfaces'],
  changes: ['engine'],
  quiet: [],
  reads: [],
  async observe({ outsiders, topology }): Promise<Asked> {
    const [host] = outsiders
    if (host === undefined) throw new Inconclusive('the lab has no host outside the swarm')
    const { links } = guardedState(await readHostState(host)).root
    // What the engine made are bridges and ends of veth pairs.
    const interfaces = links
      .filter(
        ({ name, up, kind, addresses }) =>
          up && name !== 'lo' && kind === '' && addresses.some(({ family }) => family === 'inet'),
      )
      .map(({ name, addresses }) => ({ name, addresses: addresses.map(({ address }) => address) }))
    const state = await localNodeState(host)
    if (state !== 'inactive')
      throw new Inconclusive(`the engine of ${host.name} is in a swarm already (${state})`)
    if (interfaces.length < 2)
      throw new Inconclusive(`${host.name} has addresses on fewer than two interfaces, so none was ambiguous`)
    const address = host.underlays[topology.swarm.advertise]?.address ?? ''
    const mark = newSwarmMark()
    const init = sh`docker swarm init --cert-expiry ${mark}`
    const { without, given } = await initialise(
      () => askEngine(host, sh`${init} >/dev/null`),
      () => askEngine(host, sh`${init} --advertise-addr ${address} >/dev/null`),
      () => leaveMarked(host, mark),
    )
    const names = interfaces.map(({ name }) => name)
    return {
      ...{ host: host.name, address, interfaces },
      without: answerOf(without, names),
      given: answerOf(given, names),
    }
  },
  judge({ host, address, interfaces, without, given }) {
    const names = interfaces.map(({ name }) => name).join(', ')
    return judgement({
      problems: problemsOf(host, names, without),
      controls: [
        {
          name: `init with --advertise-addr ${address} is accepted`,
          held: given.accepted,
          observed: given.error,
        },
      ],
      tables: {
        'addresses of the host': interfaces,
        'init without --advertise-addr': without,
        'init with it': given,
      },
      conclusion: `${host} refused: ${without.error}; with --advertise-addr ${address} it initialised a swarm, which it has left again`,
    })
  },
})

/** What an engine said to being asked. What init prints on success holds a token, and is not kept. */
interface Answer {
  readonly accepted: boolean
  /** The engine’s own line. */
  readonly error: string
  readonly namesOption: boolean
  /** Interfaces it named. */
  readonly named: readonly string[]
}

interface Asked {
  readonly host: string
  readonly address: string
  readonly interfaces: readonly { readonly name: string; readonly addresses: readonly string[] }[]
  readonly without: Answer
  readonly given: Answer
}

function answerOf(
  { accepted, words }: { readonly accepted: boolean; readonly words: string },
  names: readonly string[],
): Answer {
  if (accepted) return { accepted, error: '', namesOption: false, named: [] }
  const error = (words.split('\n').find((line) => /error/i.test(line)) ?? '').slice(0, 300)
  const named = names.filter((name) => words.includes(name))
  return { accepted, error, namesOption: words.includes('--advertise-addr'), named }
}

function problemsOf(node: string, names: string, { accepted, error, namesOption, named }: Answer): Problem[] {
  if (accepted) return [{ code: 'ambiguous-init-accepted', kind: 'seen', node, subject: names, controls: [] }]
  return [
    ...(namesOption
      ? []
      : [{ code: 'refusal-without-option' as const, kind: 'missed' as const, node, observed: error }]),
    ...(named.length >= 2
      ? []
      : [
          {
            ...{ code: 'refusal-without-interfaces' as const, kind: 'missed' as const, node },
            ...{ observed: named.join(', ') || 'no interface', expected: names },
          },
        ]),
  ]
}

/** Both attempts; the engine is in no swarm between them nor afterwards, whatever happened. */
async function initialise<T>(
  first: () => Promise<T>,
  second: () => Promise<T>,
  leave: () => Promise<void>,
): Promise<{ without: T; given: T }> {
  try {
    const without = await first()
    await leave()
    return { without, given: await second() }
  } finally {
    await leave()
  }
}
