import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** `git` in the repository the benchmark is of. @throws Error with what git said */
export function git(...words: string[]): string {
  return execFileSync('git', ['-C', root, ...words], { encoding: 'utf8', maxBuffer: 1 << 26 }).trim()
}

/** The whole id of a commit. @throws Error of git's for none */
export function commitOf(name: string): string {
  return git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`)
}

/** A worktree of a commit, without packages; disposing removes it from the disk and from the repository. */
export function checkOut(commit: string, folder: string): Disposable & { readonly folder: string } {
  git('worktree', 'add', '--quiet', '--detach', folder, commit)
  return {
    folder,
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true })
      git('worktree', 'prune')
    },
  }
}

/** The program of a checkout, which installs the packages of its lockfile when they are not there. */
export const programOf = (folder: string): string => join(folder, 'bin', 'swarmproof.js')
