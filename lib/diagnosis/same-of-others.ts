import type { Finding } from '../observation/finding.ts'
import { inWords } from './in-words.ts'

/** What is counted, and identifiers of containers and of namespaces of tasks, are of each node by itself. */
const counts = /\b\d+(?= (?:packets|connections|times)\b)/g
const identifiers = /\b[\da-f]{12}\b/g

const word = (own: string): string =>
  String.raw`(?<![\w.-])${own.replaceAll('.', String.raw`\.`)}(?![\w-]|\.\w)`

/** A text without what is a node’s own: its name, its addresses, and what was counted there. */
export function withoutOwn(text: string, own: readonly string[]): string {
  return own
    .reduce((left, each, index) => left.replaceAll(new RegExp(word(each), 'g'), `{${index}}`), text)
    .replaceAll(counts, '{count}')
    .replaceAll(identifiers, '{id}')
}

/** After these a list of names may stand as well as one name. */
const before = '(?:[Oo]n|[Oo]f|[Ff]rom|[Tt]o|[Aa]t|[Ff]or)'

/**
 * What is said of the first of several nodes, said of all: a name that stands where several can is all their names, and
 * where a sentence is about the one, the others are behind it.
 *
 * @param own the name of the first node, and its addresses
 */
export function sameOfOthers(
  findings: readonly Finding[],
  own: readonly string[],
  areAll: boolean,
): Pick<Finding, 'title' | 'cause' | 'remedy'> {
  const [{ title, cause, remedy }] = findings as [Finding]
  const [name = ''] = own
  const names = [...new Set(findings.map(({ nodes }) => nodes[0] ?? ''))]
  const several = areAll ? `all ${names.length} nodes` : inWords(names)
  const others = areAll ? 'all other nodes' : inWords(names.slice(1))
  const mention = new RegExp(own.map(word).join('|'), 'g')
  const named = new RegExp(`\\b(${before}) ${word(name)}(?!['’])`)
  /** Undefined where the text is about the one. */
  const together = (text: string): string | undefined => {
    const { length } = [...text.matchAll(mention)]
    return length === 0
      ? text
      : length === 1 && named.test(text)
        ? text.replace(named, `$1 ${several}`)
        : undefined
  }
  const sentence = (text: string): string | undefined =>
    text.search(mention) >= 0 && /\b(?:it|its|itself)\b/.test(text) ? undefined : together(text)
  const isOne = (of: (finding: Finding) => string): boolean =>
    new Set(findings.map((one) => countsIn(of(one)))).size === 1
  const plain = isOne((one) => one.title)
    ? title
    : title.replaceAll(/, \d+ (?:packets|connections)(?: \w+)? meanwhile/g, '')
  const steps = remedy.map((step) => together(step))
  return {
    title: sentence(plain) ?? `${plain}; likewise ${others}`,
    cause: sentence(cause) ?? `${cause} The same goes for ${others}.`,
    remedy: [
      ...remedy.map((step, index) => steps[index] ?? step),
      ...(steps.includes(undefined) ? [`The same for ${others}`] : []),
    ],
  }
}

const countsIn = (text: string): string => (text.match(counts) ?? []).join(' ')
