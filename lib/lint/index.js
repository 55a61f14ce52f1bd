import { fixedPrograms } from './fixed-programs.js'
import { madeBySh } from './made-by-sh.js'
import { noLocalShell } from './no-local-shell.js'
import { oneWriter } from './one-writer.js'
import { redactValues } from './redact-values.js'
import { scriptFiles } from './script-files.js'
import { wholeWords } from './whole-words.js'

/** Rules of this project: no text of others becomes shell, acts on a terminal, or damages what is stored. */
export default {
  meta: { name: 'swarmproof' },
  rules: {
    'made-by-sh': madeBySh,
    'script-files': scriptFiles,
    'whole-words': wholeWords,
    'fixed-programs': fixedPrograms,
    'no-local-shell': noLocalShell,
    'one-writer': oneWriter,
    'redact-values': redactValues,
  },
}
