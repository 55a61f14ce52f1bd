import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { guardedState } from '../../lib/observe/guarded-state.ts'
import { readHostState } from '../../lib/observe/read-host-state.ts'
import { sh } from '../../lib/script.ts'
import { askEngine, leaveMarked, swarmState } from '../../lib/swarm/membership.ts'
import { newSwarmMark } from '../../lib/swarm/swarm-mark.ts'
import { docs, moby } from '../source.ts'

export const ambiguousAddress = conformanceTest({
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
  async run(context) {
    const [host] = context.outsiders
    if (host === undefined) throw new Error('the lab has no host outside the swarm')
    const { evidence, topology } = context
    const { links } = guardedState(await readHostState(host)).root
    // What the engine made are bridges and ends of veth pairs.
    const interfaces = links.filter(
      ({ name, up, kind, addresses }) =>
        up && name !== 'lo' && kind === '' && addresses.some(({ family }) => family === 'inet'),
    )
    const state = await swarmState(host)
    if (state !== 'inactive') throw new Error(`the engine of ${host.name} is in a swarm already (${state})`)
    const names = interfaces.map(({ name }) => name)
    if (names.length < 2)
      throw new Error(
        `${host.name} has addresses on ${names.join() || 'no interface'} only, so none was ambiguous`,
      )
    const address = host.underlays[topology.swarm.advertise]?.address ?? ''
    const mark = newSwarmMark()
    const init = sh`docker swarm init --cert-expiry ${mark}`
    const { without, given } = await initialise(
      () => askEngine(host, sh`${init} >/dev/null`),
      () => askEngine(host, sh`${init} --advertise-addr ${address} >/dev/null`),
      () => leaveMarked(host, mark),
    )
    const named = names.filter((name) => without.words.includes(name))
    evidence.observe(
      'addresses of the host',
      interfaces.map(({ name, addresses }) => ({ name, addresses })),
    )
    evidence.observe('init without --advertise-addr', { ...without, words: told(without.words) })
    evidence.observe('init with it', {
      accepted: given.accepted,
      words: given.accepted ? '' : told(given.words),
    })
    requireNone('init without --advertise-addr is refused where several interfaces have addresses', [
      ...(without.accepted ? [`${host.name} accepted it, with addresses on ${names.join(', ')}`] : []),
      ...(without.accepted || without.words.includes('--advertise-addr')
        ? []
        : [`${host.name} refused it without naming --advertise-addr: ${told(without.words)}`]),
      ...(without.accepted || named.length >= 2
        ? []
        : [
            `${host.name} refused it and named ${named.join() || 'no interface'}, expected two of ${names.join(', ')}: ${told(without.words)}`,
          ]),
    ])
    if (!given.accepted)
      throw new Error(
        `${host.name} refused with --advertise-addr ${address}, too, so its refusal proves nothing: ${told(given.words)}`,
      )
    evidence.conclude(
      `${host.name} refused: ${told(without.words)}; with --advertise-addr ${address} it initialised a swarm, which it has left again`,
    )
  },
})

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

/** The engine’s own line; what init prints on success holds a token. */
function told(words: string): string {
  return (words.split('\n').find((line) => /error/i.test(line)) ?? '').slice(0, 300)
}
