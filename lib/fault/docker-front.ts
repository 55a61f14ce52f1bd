import type { ClusterNode } from '../swarm/cluster.ts'
import type { Fault } from './fault.ts'
import { scripted } from './scripted.ts'

/**
 * What the engine itself decides cannot be broken from outside, so its front is: a command in the path before
 * docker's own that changes one word on its way to the engine. `change` is a case of a shell's `case $word in`.
 */
export function dockerFront(node: ClusterNode, change: string): ReturnType<Fault['plant']> {
  const front = '/usr/local/bin/docker'
  return scripted(node, {
    plant: [
      `test ! -e ${front}`,
      `cat > ${front} <<'END'`,
      '#!/bin/sh',
      'n=$#; i=0',
      'while [ $i -lt $n ]; do',
      `  word=$1; shift; case $word in ${change};; esac`,
      '  set -- "$@" "$word"; i=$((i+1))',
      'done',
      'exec /usr/bin/docker "$@"',
      'END',
      `chmod 755 ${front}`,
    ].join('\n'),
    remove: `rm -f ${front}`,
  })
}
