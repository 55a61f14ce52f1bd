import { InputError } from '../error.ts'

/** Most that one error lists, and most that are kept meanwhile; of the others their number is told. */
const [mostShown, mostKept] = [50, 1000]
/** A value that is quoted may be as long as the file. */
const longestTextCharacters = 2000

/** Collects everything that is wrong with one file, so that it can be fixed in one go. */
export class Problems {
  readonly #list: { readonly line: number; readonly text: string }[] = []
  #count = 0
  #hint: string | undefined

  /**
   * `path` is the key as the file nests it, `nodes.worker1.role`; empty for the file as a whole.
   * @param hint what to do where the text alone does not say it; the first one is shown
   */
  add(line: number, path: string, what: string, hint?: string): void {
    this.#count++
    this.#hint ??= hint
    if (this.#list.length >= mostKept) return
    const text = path === '' ? what : `${path}: ${what}`
    this.#list.push({ line, text: shortened(text) })
  }

  /** @throws InputError with all of them, in the order of their lines */
  throwIfAny(file: string, code = 'TOPOLOGY_INVALID'): void {
    if (this.#list.length === 0) return
    const lines = [...this.#list]
      .sort((a, b) => a.line - b.line)
      .map(({ line, text }) => `${file}:${line}: ${text}`)
    const different = [...new Set(lines)]
    const left = Math.max(0, different.length - mostShown) + this.#count - this.#list.length
    const rest = left > 0 ? [`${file}: and ${left} more like these`] : []
    throw new InputError({
      code,
      what: [...different.slice(0, mostShown), ...rest].join('\n'),
      ...(this.#hint === undefined ? {} : { hint: this.#hint }),
    })
  }
}

function shortened(text: string): string {
  return text.length <= longestTextCharacters ? text : `${text.slice(0, longestTextCharacters)} …`
}
