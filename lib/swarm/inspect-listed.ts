import { type Script, scriptLines, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'

export interface InspectedList {
  /** Prints ids, a line each. A pipeline fails with its last command only: have none where a list could come out short. */
  readonly list: Script
  /** What is said of these, whose ids follow. */
  readonly inspect: Script
}

/**
 * Inspects all objects that are listed, of one kind after another. Those that somebody removed in between are left out,
 * for they are listed no more. The script fails where an engine does not list, or does not show what it lists: never is a
 * part given for the whole.
 */
export function inspectListed(...kinds: readonly InspectedList[]): Script {
  return scriptLines(
    kinds.flatMap(({ list, inspect }) => [
      sh`listed() {
${list}
}`,
      sh`inspected() { ${inspect} "$@"; }`,
      scriptFile(import.meta.url, 'inspect-listed.sh'),
    ]),
  )
}
