import { scripted } from './scripted.ts'
import type { Fault } from './fault.ts'

const program = '/usr/local/bin/docker'

/**
 * Puts a program before docker on the manager: what an engine would refuse cannot be had from it otherwise.
 * `cases` are cases of a shell over all arguments, e.g. `*" swarm init "*) exit 0 ;;`.
 */
export function standsIn(
  fault: Omit<Fault, 'plant'>,
  cases: (on: Parameters<Fault['plant']>[0]) => readonly string[],
): Fault {
  return {
    ...fault,
    async plant(on) {
      const { cluster } = on
      const script = ['#!/bin/sh', 'case " $* " in', ...cases(on), 'esac', 'exec /usr/bin/docker "$@"'].join(
        '\n',
      )
      return scripted(cluster.manager, {
        plant: `[ ! -e ${program} ]\ncat >${program} <<'END'\n${script}\nEND\nchmod +x ${program}`,
        remove: `rm ${program}`,
      })
    },
  }
}

export const changedPoolsAccepted = standsIn(
  {
    name: 'changed-pools-accepted',
    description: 'The manager takes other address pools without a word.',
    breaks: ['ADR-02'],
  },
  () => ['*" swarm init "*|*" swarm update "*) exit 0 ;;'],
)

export const secondIngressAccepted = standsIn(
  {
    name: 'second-ingress-accepted',
    description: 'The manager takes a second ingress network without a word.',
    breaks: ['ING-09'],
  },
  () => ['*" network create "*" --ingress "*) exit 0 ;;'],
)

export const poolsPassedOver = standsIn(
  {
    name: 'pools-passed-over',
    description: 'The manager gives networks a subnet that is not of its pools.',
    breaks: ['ADR-01'],
  },
  () => [
    '*" network create "*" --subnet "*) ;;',
    '*" network create "*)',
    '  n=$(cat /run/swarmproof-fault-net 2>/dev/null || echo 0)',
    '  echo $((n + 1)) >/run/swarmproof-fault-net',
    '  shift 2',
    '  exec /usr/bin/docker network create --subnet 10.223.$n.0/26 "$@" ;;',
  ],
)

export const maskLengthMisstated = standsIn(
  {
    name: 'mask-length-misstated',
    description: 'The manager states another mask length for the swarm than it was made with.',
    breaks: ['OVL-05'],
  },
  () => [`*" info "*SubnetSize*) /usr/bin/docker "$@" | sed 's#/[0-9]*$#/20#'; exit ;;`],
)
