import { printBootId } from '../change/boot-id.ts'
import { detachFunctions } from '../change/detach.ts'
import { scriptLines, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'

/** Exit code for a host that has taken the run for dead. */
export const goneExit = 44
/** Exit code for a host that was restarted. */
export const restartedExit = 45

/**
 * `MODE FOLDER UNIT SYSTEMD-FOLDER LABEL PREFIX TICK SILENCE LAPSE [ENTRY...]`, with the guard's program on standard
 * input: makes the folder and starts the guard in it. Prints the boot id. MODE `first`: whatever goes wrong, nothing is
 * left. MODE `again`: after a restart of the host, where the folder may be gone or not.
 */
export const startScript = scriptLines([
  detachFunctions,
  scriptFile(import.meta.url, 'guard-start.sh'),
  printBootId,
])

/**
 * `FOLDER BOOT-ID NUMBER`. Writes over what is there, so that a full disk does not silence a run. A restart is told by
 * the boot id: that the folder is gone would prove nothing.
 */
export const beatScript = scriptLines([
  sh`boot_id() { ${printBootId}; }`,
  scriptFile(import.meta.url, 'guard-beat.sh'),
])

/** `FOLDER UNIT SYSTEMD-FOLDER`: ends the guard of a host on which nothing is left, and takes its folder away. */
export const finishScript = scriptLines([detachFunctions, scriptFile(import.meta.url, 'guard-finish.sh')])

/** `FOLDER ENTRY...`: what is to be removed in the end; told before it is made. */
export const addScript = scriptFile(import.meta.url, 'guard-add.sh')

/** `FOLDER`: the swarm that the run made is to stay. */
export const stayScript = scriptFile(import.meta.url, 'guard-stay.sh')
