import { type Script, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import type { ClusterNode } from '../swarm/cluster.ts'
import type { Fault } from './fault.ts'
import { scripted } from './scripted.ts'

/** Comes before the engine's own client in the path. */
export const dockerStandIn = '/usr/local/bin/docker'

/** Writes a program where `docker` is looked for first. Fails where one is there already. */
export function putBeforeDocker(program: Script): Script {
  return sh`test ! -e ${dockerStandIn}
printf '%s\n' ${program.text} >${dockerStandIn}
chmod 755 ${dockerStandIn}`
}

/**
 * What the engine itself decides cannot be broken from outside, so its front is: a command in the path before
 * docker's own that changes one word on its way to the engine. `change` is a case of a shell's `case $word in`.
 */
export function dockerFront(node: ClusterNode, change: Script): ReturnType<Fault['plant']> {
  return scripted(node, {
    plant: putBeforeDocker(frontProgram(change)),
    remove: sh`rm -f ${dockerStandIn}`,
  })
}

/** What stands before docker. */
export function frontProgram(change: Script): Script {
  return scriptFile(import.meta.url, 'docker-front.sh', { change: change.text })
}
