import { InputError } from '../error.ts'

/** Collects everything that is wrong with one file, so that it is mended in one go. */
export class Problems {
  readonly #list: { readonly line: number; readonly text: string }[] = []

  /** `path` is the key as the file nests it, `nodes.worker1.role`; empty for the file as a whole. */
  add(line: number, path: string, what: string): void {
    this.#list.push({ line, text: path === '' ? what : `${path}: ${what}` })
  }

  /** @throws InputError with all of them, in the order of their lines */
  throwIfAny(file: string, code = 'TOPOLOGY_INVALID'): void {
    if (this.#list.length === 0) return
    const lines = [...this.#list]
      .sort((a, b) => a.line - b.line)
      .map(({ line, text }) => `${file}:${line}: ${text}`)
    throw new InputError({ code, what: [...new Set(lines)].join('\n') })
  }
}
