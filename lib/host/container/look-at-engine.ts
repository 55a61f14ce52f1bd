import { sh } from '../../script.ts'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineView } from '../choose-hosts.ts'
import { lackingParts } from '../choose-hosts.ts'
import { reachEngine } from './engine.ts'
import type { Engine } from './engine.ts'
import { kernelTrial } from './host-init.ts'
import { imageLabels, partLabel } from './lab-labels.ts'

/** What a lab of containers would find; quick, and silent where there is no engine. */
export async function lookAtEngine(): Promise<EngineView> {
  const engine = await reachEngine()
  if (typeof engine === 'string') return { reachable: false, why: engine }
  const name = engine.endpoint.url
  const image = await anyHostImage(engine)
  const tried = image === undefined ? undefined : await tryKernel(engine, image)
  const present = tried ?? (engine.sharesOurKernel ? await lookAtOwnKernel(engine.kernelRelease) : undefined)
  return { reachable: true, name, lacking: present === undefined ? undefined : lackingParts(present) }
}

/** Whatever engine is in it: the kernel is the same. Undefined on an engine that has had no lab yet. */
async function anyHostImage({ docker }: Engine): Promise<string | undefined> {
  const filters = { label: [`${partLabel}=${imageLabels[partLabel]}`] }
  return (await docker.listImages({ filters }))[0]?.Id
}

/** Tries each part in a container that is thrown away. Undefined if the container cannot be run. */
async function tryKernel({ docker }: Engine, image: string): Promise<ReadonlySet<string> | undefined> {
  const container = await docker.createContainer({
    ...{
      Image: image,
      Entrypoint: [
        '/bin/sh',
        '-c',
        sh`${kernelTrial}
echo done`.text,
      ],
      Cmd: [],
      Tty: true,
    },
    Labels: { [partLabel]: 'trial' },
    HostConfig: {
      ...{ CapAdd: ['NET_ADMIN', 'SYS_ADMIN'], NetworkMode: 'none' },
      SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
    },
  })
  try {
    await container.start()
    await container.wait()
    const output = (await container.logs({ stdout: true, stderr: true, follow: false })).toString('utf8')
    const found = [...output.matchAll(/^builtin (\S+)/gm)].map(([, name]) => name ?? '')
    return /^done/m.test(output) ? new Set(found) : undefined
  } catch {
    return undefined
  } finally {
    await container.remove({ force: true, v: true }).catch(() => undefined)
  }
}

/** What is loaded, built in, or could be loaded. Undefined on a machine without lists of what is. */
async function lookAtOwnKernel(release: string): Promise<ReadonlySet<string> | undefined> {
  const lists = await Promise.all(
    ['modules.builtin', 'modules.dep'].map((name) =>
      readFile(join('/lib/modules', release, name), 'utf8').catch(() => ''),
    ),
  )
  if (lists.some((list) => list === '')) return undefined
  const loadable = [...lists.join('\n').matchAll(/^[^:\n]*\/([^/:\n]+)\.ko/gm)].map(([, name]) => name ?? '')
  const parts = ['vxlan', 'ip_vs', 'esp4', 'xt_bpf', 'xt_u32']
  return new Set([...loadable, ...parts.filter((name) => existsSync(join('/sys/module', name)))])
}
