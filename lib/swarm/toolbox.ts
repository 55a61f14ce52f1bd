import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { imageId, type LoadedImage } from '../loaded-image.ts'
import { hostTools } from '../missing-tool.ts'
import { type Progress, step } from '../progress.ts'
import { toolboxRemote } from '../remote/toolbox-remote.ts'
import { type Script, scriptLines, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'

export interface ToolboxOptions {
  readonly progress: Progress
  /** An image with nsenter and whatever else hosts lack: tcpdump, iproute2, iptables, ipvsadm, perl. */
  readonly image: string
  /** Part of the folder's name on every host. */
  readonly runId: string
  /** Label of the containers, so that one that outlives its caller is found. */
  readonly label: string
  readonly removes: (host: Host, image: string, ids?: readonly string[]) => Promise<void>
  readonly removesFolder: (host: Host, path: string) => Promise<void>
}

/** Where the tools may stand. Hosts mount some of these so that nothing there can be executed; `/run` most do. */
const places = ['/var/tmp', '/tmp', '/usr/local/lib', '/root']

/**
 * Hosts on which the tools they lack come from a container, as far as the image has them. A tool runs with
 * the host's processes and files of /run and /tmp, and in the network namespace of whoever called it.
 */
export async function withToolbox(hosts: readonly Host[], options: ToolboxOptions): Promise<Host[]> {
  return Promise.all(hosts.map((host) => equipped(host, options)))
}

async function equipped(host: Host, options: ToolboxOptions): Promise<Host> {
  const missing = await missingTools(host)
  if (missing.length === 0) return host
  const { image } = options
  const folders = places.map((place) => `${place}/swarmproof-${options.runId}`)
  const bin = await step(options.progress, `Taking tools from ${image}`, host.name, async (current) => {
    const id = await imageOn(host, options)
    for (const folder of folders) await options.removesFolder(host, folder)
    const made = (await must(host, executableFolder(folders), image)).trim()
    const own = folders.find((folder) => folder === made)
    if (own === undefined)
      throw new Error(`${host.name} made ${made.slice(0, 80)}, which is none of its folders`)
    const there = (await must(host, offered(missing, id, options), image)).split('\n')
    const taken = missing.filter((tool) => there.includes(tool))
    const files = taken.map((tool) => {
      const path = `${own}/${tool}`
      return sh`printf %s ${shim(tool, id, options).text} >${path}; chmod 755 ${path}`
    })
    await must(host, sh`set -e; ${scriptLines(files)}`, image)
    current.update(taken.join(', '))
    return own
  })
  return { ...host, remote: toolboxRemote(host.remote, bin) }
}

/** The image's id, by which no container asks a registry. */
async function imageOn(host: Host, { image, removes }: ToolboxOptions): Promise<LoadedImage> {
  const look = sh`docker image inspect --format ${'{{.Id}}'} ${image}`
  const has = await host.remote.exec(look, { idempotent: true })
  if (has.exitCode === 0) return imageId(has.stdout.trim())
  await removes(host, image)
  const id = imageId((await must(host, sh`docker pull --quiet ${image} >/dev/null && ${look}`, image)).trim())
  await removes(host, image, [id])
  return id
}

async function missingTools(host: Host): Promise<string[]> {
  const look = sh`PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
for tool in ${hostTools}; do command -v "$tool" >/dev/null || echo "$tool"; done`
  const lines = (await host.remote.exec(look, { idempotent: true })).stdout.split('\n')
  return hostTools.filter((tool) => lines.includes(tool))
}

/** Makes the first of these folders in which a file can be executed, leaves none of the others, and prints it. */
function executableFolder(folders: readonly string[]): Script {
  return scriptFile(import.meta.url, 'executable-folder.sh', {}, folders)
}

/**
 * `$$` is the shell that becomes the docker client, and stays in the network namespace of its caller: the tool enters
 * that one, not the host's. The client passes signals on; the end of its input reaches the tool, too.
 */
function shim(tool: string, image: LoadedImage, { label }: ToolboxOptions): Script {
  return scriptFile(import.meta.url, 'toolbox-tool.sh', { label, image, tool })
}

/** Says which of the tools the image has; fails if it has no nsenter, by which all others are run. */
function offered(tools: readonly string[], image: LoadedImage, { label }: ToolboxOptions): Script {
  const look = sh`command -v nsenter >/dev/null || exit 1; for t in ${tools}; do if command -v $t >/dev/null; then echo $t; fi; done`
  return sh`docker run --rm --pull never --label ${label} --network none --entrypoint sh ${image} -c ${look.text}`
}

async function must(host: Host, script: Script, image: string): Promise<string> {
  const { exitCode, stdout, stderr } = await host.remote.exec(script, { timeoutMs: 600_000 })
  if (exitCode === 0) return stdout
  throw new SwarmproofError({
    code: 'TOOLBOX_IMAGE',
    what: `the tools the host lacks cannot be had from image ${image}`,
    host: host.name,
    observed: stderr.trim().slice(-300) || `exit code ${exitCode}: it has no nsenter`,
    hint: 'an image with util-linux, tcpdump, iproute2, iptables, ipvsadm and perl-base, such as a Debian with these packages',
  })
}
