import type { Host } from '../host/host.ts'
import { sh } from '../script.ts'
import { docker } from './docker.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

export interface SwarmState {
  /** As the engine calls it: `inactive`, `pending`, `active`, `locked`, `error`. */
  readonly state: string
  /** Whether docker_gwbridge is there, which the first swarm a host joins makes and none removes. */
  readonly hasBridge: boolean
}

export async function readSwarmState(host: Host): Promise<SwarmState> {
  const output = await docker(
    host,
    sh`docker info --format ${'{{.Swarm.LocalNodeState}}'} && docker network ls --format ${'{{.Name}}'}`,
  )
  const [state = '', ...networks] = output.trim().split('\n')
  return { state, hasBridge: networks.includes(gatewayBridgeName) }
}
