/** What is created together: all at once, containers that start take gossip its time, and nodes give each other up. */
const atOnce = { services: 3, tasks: 8 }

/**
 * Services in their order, in waves of a few services with a few tasks. One that alone has more is a wave of its own.
 */
export function waves<T extends { readonly tasks: number }>(services: readonly T[]): T[][] {
  const made: T[][] = []
  let tasks = 0
  for (const service of services) {
    const last = made.at(-1)
    if (last === undefined || last.length === atOnce.services || tasks + service.tasks > atOnce.tasks) {
      made.push([service])
      tasks = service.tasks
    } else {
      last.push(service)
      tasks += service.tasks
    }
  }
  return made
}
