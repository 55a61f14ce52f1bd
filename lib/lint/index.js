import { fixedPrograms } from './fixed-programs.js'
import { madeBySh } from './made-by-sh.js'
import { noLocalShell } from './no-local-shell.js'
import { wholeWords } from './whole-words.js'

/** Rules by which no text of a host, an inventory, a topology or an image name becomes shell. */
export default {
  meta: { name: 'swarmproof' },
  rules: {
    'made-by-sh': madeBySh,
    'whole-words': wholeWords,
    'fixed-programs': fixedPrograms,
    'no-local-shell': noLocalShell,
  },
}
