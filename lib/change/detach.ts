import { scriptFile } from '../script-file.ts'

/** Where systemd shows that it is the running init, see sd_booted(3). */
export const systemdFolder = '/run/systemd/system'

/**
 * Functions of sh that start a process which outlives the connection and the login session:
 * `detach UNIT SYSTEMD-FOLDER PIDFILE COMMAND...`. The command is to write its process id into PIDFILE, which is waited
 * for 10 s. `retire UNIT SYSTEMD-FOLDER PIDFILE WORD` ends it with all it started, if WORD is part of its command line,
 * as it would not be of another process that has the id by now.
 *
 * By systemd where it runs, in a unit of its own: a process of a session is killed with it where logind has
 * KillUserProcesses=yes, whatever setsid does (logind.conf(5)). `--collect` leaves no unit behind (systemd-run(1)).
 * Where systemd refuses, and where there is none, by setsid.
 */
export const detachFunctions = scriptFile(import.meta.url, 'detach.sh')
