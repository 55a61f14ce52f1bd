import { type Script, scriptLines, sh } from '../script.ts'
import { dockerStandIn, putBeforeDocker } from './docker-front.ts'
import { scripted } from './scripted.ts'
import type { Fault } from './fault.ts'

/**
 * Puts a program before docker on the manager: what an engine would refuse cannot be had from it otherwise.
 * `cases` are cases of a shell over all arguments, e.g. `*" swarm init "*) exit 0 ;;`.
 */
export function standsIn(
  fault: Omit<Fault, 'plant'>,
  cases: (on: Parameters<Fault['plant']>[0]) => readonly Script[],
): Fault {
  return {
    ...fault,
    async plant(on) {
      const { cluster } = on
      const program = sh`#!/bin/sh
case " $* " in
${scriptLines(cases(on))}
esac
exec /usr/bin/docker "$@"`
      return scripted(cluster.manager, { plant: putBeforeDocker(program), remove: sh`rm ${dockerStandIn}` })
    },
  }
}

export const changedPoolsAccepted = standsIn(
  {
    name: 'changed-pools-accepted',
    description: 'The manager takes other address pools without a word.',
    breaks: ['ADR-02'],
  },
  () => [sh`*" swarm init "*|*" swarm update "*) exit 0 ;;`],
)

export const secondIngressAccepted = standsIn(
  {
    name: 'second-ingress-accepted',
    description: 'The manager takes a second ingress network without a word.',
    breaks: ['ING-09'],
  },
  () => [sh`*" network create "*" --ingress "*) exit 0 ;;`],
)

export const poolsPassedOver = standsIn(
  {
    name: 'pools-passed-over',
    description: 'The manager gives networks a subnet that is not of its pools.',
    breaks: ['ADR-01'],
  },
  () => [
    sh`*" network create "*" --subnet "*) ;;
*" network create "*)
  n=$(cat /run/swarmproof-fault-net 2>/dev/null || echo 0)
  echo $((n + 1)) >/run/swarmproof-fault-net
  shift 2
  exec /usr/bin/docker network create --subnet 10.223.$n.0/26 "$@" ;;`,
  ],
)

export const maskLengthMisstated = standsIn(
  {
    name: 'mask-length-misstated',
    description: 'The manager states another mask length for the swarm than it was made with.',
    breaks: ['OVL-05'],
  },
  () => [sh`*" info "*SubnetSize*) /usr/bin/docker "$@" | sed 's#/[0-9]*$#/20#'; exit ;;`],
)
