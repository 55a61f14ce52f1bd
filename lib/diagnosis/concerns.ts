import { nodesOf, type Problem } from '../observation/problem.ts'

/** Whether a problem is about a node: it is its place or one end of its path, or a task that it names runs there. */
export function concerns(problem: Problem, name: string): boolean {
  const { ends, subject } = problem
  const isTaskThere = (label: string | undefined): boolean => label?.endsWith(`@${name}`) === true
  return (
    nodesOf(problem).includes(name) || subject === name || [ends?.from, ends?.to, subject].some(isTaskThere)
  )
}
