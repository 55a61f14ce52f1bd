const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const mostHosts = 1000
const mostRanges = 8

/**
 * Expands `web[01:03].example.com`, `db-[a:c]`, `n[1:9:2]`, also several in one pattern, as Ansible does: both ends
 * belong to it, and leading zeros are kept. Returns what is wrong with the pattern as text.
 */
export function expandRange(pattern: string): readonly string[] | string {
  if (pattern.split('[').length > mostRanges + 1) return `'${pattern}' has more than ${mostRanges} ranges`
  return expand(pattern)
}

function expand(pattern: string): readonly string[] | string {
  const match = /^([^[\]]*)\[([^[\]]*)\](.*)$/.exec(pattern)
  if (match === null)
    return /[[\]]/.test(pattern) ? `'${pattern}' has a bracket without its other` : [pattern]
  const [, head = '', range = '', tail = ''] = match
  const values = rangeOf(range)
  if (typeof values === 'string') return `range [${range}] of '${pattern}' ${values}`
  const found: string[] = []
  for (const value of values) {
    const rest = expand(`${head}${value}${tail}`)
    if (typeof rest === 'string') return rest
    found.push(...rest)
    if (found.length > mostHosts) return `'${pattern}' means more than ${mostHosts} hosts`
  }
  return found
}

function rangeOf(range: string): readonly string[] | string {
  const bounds = range.split(':')
  if (bounds.length !== 2 && bounds.length !== 3) return 'must be begin:end or begin:end:step'
  const [begin = '', end = '', stepText = '1'] = bounds
  if (end === '') return 'has no end'
  const step = Number(stepText)
  if (!/^\d+$/.test(stepText) || step < 1)
    return `has '${stepText}' as its step, which must be a positive number`
  return /^[a-zA-Z]$/.test(begin) ? ofLetters(begin, end, step) : ofNumbers(begin || '0', end, step)
}

function ofLetters(begin: string, end: string, step: number): readonly string[] | string {
  const [first, last] = [letters.indexOf(begin), letters.indexOf(end)]
  if (end.length !== 1 || last < 0) return 'mixes letters and numbers'
  if (first > last) return 'ends before it begins'
  return [...letters.slice(first, last + 1)].filter((_, index) => index % step === 0)
}

function ofNumbers(begin: string, end: string, step: number): readonly string[] | string {
  if (!/^\d+$/.test(begin) || !/^\d+$/.test(end))
    return 'must go from a number to a number or a letter to a letter'
  const padded = begin.length > 1 && begin.startsWith('0')
  if (padded && begin.length !== end.length) return 'must have as many digits at its end as at its begin'
  const [first, last] = [Number(begin), Number(end)]
  if (first > last) return 'ends before it begins'
  if (last - first > mostHosts * step) return `means more than ${mostHosts} hosts`
  const count = Math.floor((last - first) / step) + 1
  return Array.from({ length: count }, (_, i) =>
    String(first + i * step).padStart(padded ? begin.length : 0, '0'),
  )
}
