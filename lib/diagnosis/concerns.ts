import type { Problem } from '../observation/problem.ts'

/** Whether a problem is about a node: it is its place or one end of its path, or a task that it names runs there. */
export function concerns({ node, path, ends, subject }: Problem, name: string): boolean {
  const isTaskThere = (label: string | undefined): boolean => label?.endsWith(`@${name}`) === true
  return (
    [node, path?.from, path?.to, subject].includes(name) || [ends?.from, ends?.to, subject].some(isTaskThere)
  )
}
