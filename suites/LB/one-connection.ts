import { linesFor } from '../../lib/probe/nonce.ts'

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
export function answersOf(reply: Buffer | undefined): (string | undefined)[] {
  const lines = (reply ?? Buffer.alloc(0)).toString('utf8').split('\n')
  return Array.from({ length: linesPerConnection }, (_, index) => {
    const line = lines.find((candidate) => candidate.endsWith(` ${index + 1}`))
    return line?.slice(0, line.lastIndexOf(' '))
  })
}

/** What is wrong with the connections of one client, in words: each must be answered whole, and by one task. */
export function connectionProblems(
  client: string,
  replies: readonly (Buffer | undefined)[],
  taskByHostname: ReadonlyMap<string, string>,
): string[] {
  return replies.flatMap((reply, index) => {
    const answers = answersOf(reply)
    const who = [...new Set(answers.filter((answer) => answer !== undefined))]
    const names = who.map((hostname) => taskByHostname.get(hostname) ?? `"${hostname.slice(0, 40)}"`)
    const connection = `${client}, connection ${index + 1}`
    const answered = answers.filter((answer) => answer !== undefined).length
    return [
      ...(answered === linesPerConnection
        ? []
        : [`${connection}: ${answered} of ${linesPerConnection} requests over it were answered`]),
      ...(who.length > 1 ? [`${connection}: its requests were answered by ${names.join(' and ')}`] : []),
      ...(who.length === 1 && !taskByHostname.has(who[0] ?? '')
        ? [`${connection}: ${names.join()} answered, which is no running task of the service`]
        : []),
    ]
  })
}
