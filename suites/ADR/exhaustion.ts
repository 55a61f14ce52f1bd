import type { TaskState } from '../../lib/swarm/task-states.ts'

/** What became of more tasks than a subnet has addresses. */
export interface Exhaustion {
  readonly states: readonly TaskState[]
  /** The most tasks the subnet can have addresses for. */
  readonly capacity: number
  /** What the managers' engines logged about the tasks that wait. */
  readonly log: readonly string[]
}

const waiting = ['new', 'pending']
const reason = /exhaust|no available (IPv4 )?address|no available IP|could not find an available/i

/** Whether every task has come to where it stays: it runs, or waits. */
export function settled(states: readonly TaskState[]): boolean {
  return states.every(({ state }) => state === 'running' || waiting.includes(state))
}

/** Words about the missing address, and where they were found; undefined if there are none. */
export function reasonOf({ states, log }: Exhaustion): { where: 'task' | 'log'; words: string } | undefined {
  const told = states
    .filter(({ state }) => state !== 'running')
    .flatMap(({ error, message }) => [error, message])
    .find((text) => reason.test(text))
  if (told !== undefined) return { where: 'task', words: told }
  const logged = log.find((line) => reason.test(line))
  return logged === undefined ? undefined : { where: 'log', words: logged }
}

/** What is not as it must be once a subnet is exhausted, in words. */
export function exhaustionProblems(seen: Exhaustion): string[] {
  const { states, capacity } = seen
  const running = states.filter(({ state }) => state === 'running')
  const surplus = states.filter(({ state }) => state !== 'running')
  const strange = surplus.filter(({ state }) => !waiting.includes(state))
  const addresses = running.flatMap((task) => task.addresses)
  const twice = addresses.filter((address, index) => addresses.indexOf(address) !== index)
  return [
    ...(running.length > capacity
      ? [`${running.length} tasks run, but the subnet has addresses for ${capacity} at most`]
      : []),
    ...twice.map((address) => `${address} was given to two tasks`),
    ...strange.map(({ id, state, error }) => `task ${id} is ${state} instead of waiting: ${error}`),
    ...(surplus.length > 0 && reasonOf(seen) === undefined
      ? [`nothing says why ${surplus.length} tasks do not start (state ${surplus[0]?.state})`]
      : []),
  ]
}
