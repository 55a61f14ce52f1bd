import type { HostConfig } from 'dockerode'
import type { Engine } from './engine.ts'
import { engineWords } from './engine-words.ts'
import { labels } from './lab-labels.ts'

/** With what rights hosts run. */
export interface Privileges {
  readonly kind: 'privileged' | 'capabilities'
  /** For the report. */
  readonly description: string
  readonly hostConfig: Partial<HostConfig>
}

const privileged: Privileges = {
  kind: 'privileged',
  description: 'privileged',
  hostConfig: { Privileged: true, CgroupnsMode: 'private' } as Partial<HostConfig>,
}

/** Everything but the capability that engines which run in a container themselves most often cannot give. */
const capabilities = {
  CapAdd: ['ALL'],
  CapDrop: ['SYS_RESOURCE'],
  SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
  CgroupnsMode: 'private',
} as Partial<HostConfig>

/** Tries whether the engine starts a privileged container, with a command that ends at once. */
export async function findPrivileges({ docker }: Engine, image: string, labId: string): Promise<Privileges> {
  const container = await docker.createContainer({
    ...{ Image: image, Entrypoint: ['/bin/sh', '-c', 'true'], Cmd: [] },
    Labels: labels(labId, 'trial'),
    HostConfig: { ...privileged.hostConfig, NetworkMode: 'none' },
  })
  try {
    await container.start()
    return privileged
  } catch (error) {
    return {
      kind: 'capabilities',
      description: `all capabilities but SYS_RESOURCE, unconfined: the engine cannot start privileged containers (${engineWords(error)})`,
      hostConfig: capabilities,
    }
  } finally {
    await container.remove({ force: true, v: true }).catch(() => undefined)
  }
}
