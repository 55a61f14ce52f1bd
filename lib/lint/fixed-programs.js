import { isComposed, isSh } from './composed.js'

/** An interpreter in a script, up to where the text of a program begins. */
const beforeProgram =
  /(?:^|[\s;|&(])(?:(?:perl|python3?|node|ruby)\b(?:\s+\S+)*?\s+-\w*[ec]|(?:ba|da|z)?sh\b(?:\s+\S+)*?\s+-\w*c|(?:g|m)?awk(?:\s+-\S+)*|sed(?:\s+-\S+)*)\s+$/

/** Names of what is a program. */
const programName = /^(?:program|script)$|(?:Program|Script)$/

/** Words before a program in a list of words. */
const programFlags = new Set(['-c', '-e'])

/**
 * Programs for perl, awk, sed and shells are written, not put together: what they work with they get as arguments, from
 * their environment or their input.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const fixedPrograms = {
  meta: {
    type: 'problem',
    docs: { description: 'no text is inserted into programs for other interpreters' },
    messages: {
      composed:
        'the text of a program is fixed: give it values as arguments, in its environment or on its input, or make it by the tag sh`…`',
    },
    schema: [],
  },
  create(context) {
    const { sourceCode: source } = context
    const report = (node) => context.report({ node, messageId: 'composed' })
    const check = (node) => {
      if (isComposed(node, source)) report(node)
    }
    return {
      TaggedTemplateExpression({ tag, quasi }) {
        if (isSh(tag)) {
          quasi.expressions.forEach((expression, index) => {
            if (beforeProgram.test(quasi.quasis[index].value.raw)) check(expression)
          })
        } else if (isRaw(tag) && quasi.expressions.length > 0 && quasi.quasis.some(isLong)) report(quasi)
      },
      VariableDeclarator({ id, init }) {
        if (id.type === 'Identifier' && programName.test(id.name) && !isLongRaw(init)) check(init)
      },
      Property({ key, value, computed }) {
        if (
          !computed &&
          key.type === 'Identifier' &&
          programName.test(key.name) &&
          value.type !== 'Identifier'
        )
          check(value)
      },
      ArrayExpression({ elements }) {
        elements.forEach((element, index) => {
          const before = elements[index - 1]
          if (before?.type === 'Literal' && programFlags.has(before.value)) check(element)
        })
      },
    }
  },
}

function isRaw(tag) {
  return (
    tag.type === 'MemberExpression' &&
    tag.object.type === 'Identifier' &&
    tag.object.name === 'String' &&
    tag.property.type === 'Identifier' &&
    tag.property.name === 'raw'
  )
}

/** More than a line: not a pattern, but a program. */
function isLong({ value }) {
  return value.raw.includes('\n')
}

/** Reported where it stands. */
function isLongRaw(node) {
  return node?.type === 'TaggedTemplateExpression' && isRaw(node.tag) && node.quasi.quasis.some(isLong)
}
