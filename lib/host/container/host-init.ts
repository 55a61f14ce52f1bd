import { type Script, sh } from '../../script.ts'
import { perlFile, scriptFile } from '../../script-file.ts'
import { probeImageFile } from '../../setup/probe-image-archive.ts'

/** What the host's first process prints when its engine is being started. */
export const hostIsUp = 'swarmproof-host-up'

/** Where a host says which parts of the kernel were seen to work; read by `lib/observe`. */
const kernelFile = '/etc/swarmproof/kernel-modules'

/**
 * What runs in a host container as process 1: makes writable what an engine writes to, and starts it. `$1` is an
 * address of its own, where its resolver asks; `impairProgram` and its words follow where underlays are impaired.
 *
 * A write to /proc/sysrq-trigger would restart the machine all containers share, so what writes there hits nothing.
 * The nameserver of the engine outside, at 127.0.0.11, cannot be asked from the namespaces of tasks, so that the host passes
 * questions on to it, at an address of its own.
 */
export const hostInit = scriptFile(import.meta.url, 'host-init.sh', {
  is_up: hostIsUp,
  forward_names: perlFile(import.meta.url, 'forward-names.pl'),
})

const trial = scriptFile(import.meta.url, 'kernel-trial.sh')

/**
 * Which of the kernel's parts a swarm needs work, tried in a network namespace that is thrown away: a container sees
 * neither the modules that could be loaded nor what is built in. Prints `builtin NAME` for what works.
 */
export const kernelTrial = sh`unshare -n sh -c ${trial.text}`

/** Waits for the engine of a host, gives it the probe image and runs it once, and tells what the kernel can. */
export function containerWarmUpScript(probeImageTag: string): Script {
  return scriptFile(import.meta.url, 'warm-up.sh', {
    image: probeImageTag,
    image_file: probeImageFile,
    kernel_file: kernelFile,
    trial: trial.text,
  })
}
