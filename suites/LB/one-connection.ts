import type { TaskFacts } from '../../lib/observation/facts.ts'
import { taskName } from '../../lib/observation/facts.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { linesFor } from '../../lib/probe/nonce.ts'
import type { Client } from './task-shares.ts'

/** Lines sent over one connection, and the empty one that ends it. */
export const linesPerConnection = 6

/** What a client of a server with this nonce writes. */
export function requestLines(nonce: string): Buffer {
  return linesFor(
    nonce,
    Array.from({ length: linesPerConnection }, (_, index) => String(index + 1)),
  )
}

/** Who answered each line of one connection; undefined for a line without an answer. */
export function answersByLine(reply: string): (string | undefined)[] {
  const lines = reply.split('\n')
  return Array.from({ length: linesPerConnection }, (_, index) => {
    const line = lines.find((candidate) => candidate.endsWith(` ${index + 1}`))
    return line?.slice(0, line.lastIndexOf(' '))
  })
}

/** What is wrong with the connections of one client: each must be answered whole, and by one task. */
export function oneConnectionProblems(
  replies: readonly string[],
  tasks: readonly TaskFacts[],
  client: Client,
): Problem[] {
  return replies.flatMap((reply) => {
    const answers = answersByLine(reply)
    const answered = answers.filter((answer) => answer !== undefined)
    const who = [...new Set(answered)]
    const strangers = who.filter((hostname) => !tasks.some((task) => task.hostname === hostname))
    const names = who.map((hostname) => nameOf(hostname, tasks))
    return [
      ...(answered.length === linesPerConnection ? [] : [unansweredProblem(client, answered.length)]),
      ...(who.length > 1 ? [splitProblem(client, names)] : []),
      ...strangers.map((hostname): Problem => ({
        ...{ ...client, code: 'answered-by-another', kind: 'seen', protocol: 'TCP' },
        observed: hostname.slice(0, 40),
      })),
    ]
  })
}

function nameOf(hostname: string, tasks: readonly TaskFacts[]): string {
  const task = tasks.find((one) => one.hostname === hostname)
  return task === undefined ? hostname.slice(0, 40) : taskName(task)
}

function unansweredProblem(client: Client, answered: number): Problem {
  return {
    ...{ ...client, code: 'requests-unanswered', kind: 'missed' },
    ...{ expected: linesPerConnection, observed: linesPerConnection - answered },
  }
}

function splitProblem(client: Client, names: readonly string[]): Problem {
  return { ...client, code: 'connection-split', kind: 'seen', observed: names.join(', ') }
}
