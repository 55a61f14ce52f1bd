import { isSh } from './composed.js'
import { misplacedInsertion } from './misplaced-insertion.js'

/**
 * What is inserted into a script is a word of its own, never a part of quoted text: `sh` throws otherwise, when the
 * script is made; this finds it before.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const wholeWords = {
  meta: {
    type: 'problem',
    docs: { description: 'insertions into scripts stand where the shell takes them for words' },
    messages: { misplaced: 'a script takes no insertion {{where}}: make the whole word, and insert that' },
    schema: [],
  },
  create(context) {
    return {
      TaggedTemplateExpression({ tag, quasi }) {
        if (!isSh(tag)) return
        const parts = quasi.quasis.map(({ value }) =>
          value.raw.replaceAll('\\${', '${').replaceAll('\\`', '`'),
        )
        const found = misplacedInsertion(parts)
        if (found === undefined) return
        const node = quasi.expressions[found.index] ?? quasi.expressions.at(-1) ?? quasi
        context.report({ node, messageId: 'misplaced', data: { where: found.where } })
      },
    }
  },
}
