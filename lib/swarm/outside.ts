import type { Host } from '../host/host.ts'
import type { StackSpec } from '../topology/topology.ts'
import { type Script, sh } from '../script.ts'
import { docker } from './docker.ts'
import { type ListedNetwork, listNetworks } from './form-swarm.ts'
import { askEngine } from './membership.ts'
import { probeImageOf } from './probe-task.ts'
import type { Answer } from './answer.ts'

/** An engine that is in no swarm, asked for what is a swarm’s. */
export interface Outside {
  /** Names of the networks it lists. */
  readonly networks: readonly string[]
  /** The same with driver and scope; undefined in runs of before these were kept. */
  readonly listed?: readonly ListedNetwork[]
  /** To inspecting the network. */
  readonly inspecting: Answer
  /** To running a container on it. */
  readonly running: Answer
  /** To running one without naming a network. */
  readonly control: Answer
}

export interface OutsideOptions {
  /** Name and id of the swarm’s network. */
  readonly network: { readonly name: string; readonly id: string }
  /** Of the containers it tries to run; nothing of them is left. */
  readonly container: string
  readonly label: string
  readonly spec: Pick<StackSpec, 'probeImage'>
}

/** Asks by name and by id; being let in by either counts as let in. */
export async function askFromOutside(host: Host, options: OutsideOptions): Promise<Outside> {
  const { network, container, label, spec } = options
  const run = (...flags: readonly string[]): Script => {
    const all = ['--name', container, '--label', `swarmproof=${label}`, ...flags]
    return sh`docker run --rm --pull never ${all} ${probeImageOf(spec)} true`
  }
  try {
    const { [host.name]: listed = [] } = await listNetworks([host])
    return {
      networks: listed.map(({ name }) => name),
      listed,
      inspecting: await eitherOf(
        host,
        [network.name, network.id],
        (one) => sh`docker network inspect --format ${'{{.Name}}'} ${one}`,
      ),
      running: await eitherOf(host, [network.name, network.id], (one) => run('--network', one)),
      control: await askEngine(host, run()),
    }
  } finally {
    await docker(host, sh`docker rm --force ${container} >/dev/null 2>&1 || true`)
  }
}

/** The first that was accepted, else the last refusal. */
async function eitherOf(
  host: Host,
  words: readonly string[],
  command: (word: string) => Script,
): Promise<Answer> {
  let answer: Answer = { accepted: false, words: '' }
  for (const word of words) {
    answer = await askEngine(host, command(word))
    if (answer.accepted) return answer
  }
  return answer
}
