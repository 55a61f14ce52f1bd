import { scriptLines } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { prefixLetters } from './footprint.ts'

/** What begins a name that a run gives, for grep and sed: `swp-` and four letters, as `chooseFootprint` makes them. */
const anyPrefix = `swp-${`[${prefixLetters}]`.repeat(4)}`

/** `ask WORDS...` is docker without what it says on standard error. */
export const askFunctions = scriptFile(import.meta.url, 'ask.sh')

/**
 * `named PREFIX LINES`: those of the lines `ID NAME` whose name begins with the prefix and a hyphen; with no PREFIX,
 * with any that a run may have. A label alone does not tell: the stack of a lab bears the id of a run, too.
 *
 * `alone PREFIX LINES`: of containers, `ID NAME PART`, those that are no host of a lab, which has a part, and none of a
 * lab's stack. Containers that lend a host their tools have names by chance.
 */
export const nameFunctions = scriptFile(import.meta.url, 'own-names.sh', { any_prefix: anyPrefix })

/** `of KIND` prints the values of that kind in `made`, a line each; `nameless` those of images without any name;
 * `traces [RUN]` the instances of tracefs in which the kernel counts for a run, or for any. */
export const swarmFunctions = scriptFile(import.meta.url, 'own-swarm.sh')

/**
 * `clean FOLDER LABEL PREFIX TICK PATIENCE [ENTRY...]`: removes what a run created on one host, again and again until
 * none of it is there: services and networks, if the host is a manager, and containers by label and name, and what the entries
 * name: those given, and the lines of the file `made`. It waits for what only a manager can remove. Prints a line
 * `left KIND ID NAME` for each thing that is there after PATIENCE looks with TICK seconds between them, and exits with 1.
 *
 * | entry | means |
 * |---|---|
 * | `image REF` | brought there by the run |
 * | `unnamed ID` | the id of such an image: on a full disk an engine takes its name away and keeps the rest. Removed only while it has no name at all |
 * | `folder PATH` | made by the run, with everything in it |
 * | `swarm WORD` | a swarm is the run's if the engine says WORD of it: the id of this node or of a manager, an address it joins, or the validity of its certificates |
 * | `bridge yes` | docker_gwbridge was not there before the run |
 * | `formed yes` | the host was in the run's swarm |
 *
 * Where no PREFIX is given it is that of the file `prefix`.
 *
 * A swarm of which the engine says none of the words is somebody else's, and is left alone.
 *
 * An engine that does not answer is something left: "no services" from an engine that is down proves nothing. Standard
 * output and the exit code alone decide; what docker prints on standard error, as warnings at every call, is dropped.
 */
const clean = scriptFile(import.meta.url, 'guard-clean.sh')

/**
 * `watch FOLDER LABEL PREFIX TICK SILENCE LAPSE`: watches over a run from the host itself. While the file `watch` is
 * there it looks at two signs of life:
 *
 * - `beat` is written again and again by the owner. Unchanged for SILENCE ticks it means that the owner is dead or
 *   cut off, whatever became of the connection;
 * - `line` is a FIFO that a process of the owner's connection holds open. Its end means that the connection ended, as
 *   it does at once when the owner is killed. Only if no beat follows within LAPSE ticks, which a connection that was
 *   made again sends, is the owner taken for dead.
 *
 * Then it takes `watch` away, by which the owner, if it lives after all, is told; removes everything by `clean`, trying
 * again while that fails; and at last its own folder. If something cannot be removed the folder stays, so that
 * `swarmproof clean HOSTS` finds what it was.
 */
const watch = scriptFile(import.meta.url, 'guard-watch.sh')

/** Everything that is stored on a host: called as `sh program MODE WORDS...`. Static text; all settings are words. */
export const guardProgram = scriptLines([
  askFunctions,
  nameFunctions,
  swarmFunctions,
  clean,
  watch,
  scriptFile(import.meta.url, 'guard.sh'),
])
