import { SwarmproofError } from '../error.ts'

/**
 * The words of a rule as `iptables -S` and `iptables-save` print it: separated by blanks; one that holds other characters
 * than `[A-Za-z0-9_-]` may stand in double quotes, with a backslash before `"`, `'` and `\` (iptables, libxtables/xtables.c:
 * xtables_save_string).
 *
 * @throws SwarmproofError `RULE_UNREADABLE` where a quote is never closed
 */
export function ruleWords(rule: string, host: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quoted = false
  for (let at = 0; at < rule.length; at += 1) {
    const char = rule[at] ?? ''
    if (char === '"') {
      quoted = !quoted
      word ??= ''
    } else if (quoted && char === '\\') word = (word ?? '') + (rule[(at += 1)] ?? '')
    else if (!quoted && /\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + char
  }
  if (quoted) {
    throw new SwarmproofError({
      code: 'RULE_UNREADABLE',
      what: 'a firewall rule of the host has a quote that is never closed',
      host,
      observed: rule.slice(0, 300),
    })
  }
  return word === undefined ? words : [...words, word]
}
