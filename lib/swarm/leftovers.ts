import { SwarmproofError } from '../error.ts'

/** Something of a run that could not be removed. */
export interface Leftover {
  readonly host: string
  /** `service swp-a1b2-web`. */
  readonly what: string
  /** The command, to be run on the host, or, where it begins with `swarmproof`, here. */
  readonly remove: string
}

/** Thrown when not all of a run could be removed. */
export class LeftBehindError extends SwarmproofError {
  readonly leftovers: readonly Leftover[]

  /** @param cause what ended the run before */
  constructor(leftovers: readonly Leftover[], cause?: unknown) {
    const before = cause instanceof Error ? `${cause.message}\n` : ''
    super({
      code: 'NOT_REMOVED',
      what: `${before}not everything the run created could be removed; the hosts go on trying by themselves`,
      observed: leftovers.map(({ host, what }) => `${host}: ${what}`).join('; '),
      hint: [...new Set(leftovers.map(({ host, remove }) => `on ${host}: ${remove}`))].slice(0, 6).join('; '),
      ...(cause === undefined ? {} : { cause }),
    })
    this.leftovers = leftovers
  }
}

/** More than a run can create; what a host prints beyond is not its list. */
const atMost = 200

/**
 * The lines `left KIND ID NAME` of the guard's program.
 * @param again the command that removes what is left of the run, from here
 */
export function readLeftovers(stdout: string, host: string, again: string): Leftover[] {
  return stdout
    .split('\n')
    .slice(0, atMost)
    .flatMap((line) => {
      const found = /^left ([a-z]+) ([^\s]+) ([^\s]+)$/.exec(line)
      return found === null ? [] : [toLeftover(found[1] ?? '', found[2] ?? '', found[3] ?? '', host, again)]
    })
}

function toLeftover(kind: string, id: string, name: string, host: string, again: string): Leftover {
  // Words of a host: none becomes part of a command that it could not be by itself.
  const word = /^[\w./:@-]+$/.test(id) && !id.startsWith('-') ? id : undefined
  const what = `${kind} ${name}`
  if (kind === 'engine') return { host, what: 'what the engine holds: it does not answer', remove: again }
  if (kind === 'swarm')
    return {
      host,
      what:
        id === '-' && name === '-'
          ? 'what the swarm holds: it does not answer'
          : `what the swarm holds: it is ${name}`,
      remove: again,
    }
  if (word === undefined) return { host, what, remove: again }
  const commands: Readonly<Record<string, string>> = {
    service: `docker service rm ${word}`,
    container: `docker rm --force ${word}`,
    network: `docker network rm ${word}`,
    image: `docker image rm ${word}`,
    folder: `rm -r ${word}`,
    trace: `rmdir ${word}`,
  }
  return { host, what, remove: commands[kind] ?? again }
}

/** A service or network of the swarm is told by every manager: once is enough. */
export function withoutRepeats(leftovers: readonly Leftover[]): Leftover[] {
  const seen = new Set<string>()
  return leftovers.filter(({ host, what, remove }) => {
    const key = /^docker (service|network) rm /.test(remove) ? remove : `${host} ${what}`
    return seen.has(key) ? false : (seen.add(key), true)
  })
}
