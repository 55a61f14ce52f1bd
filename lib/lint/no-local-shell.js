const module = 'node:child_process'

/**
 * Commands of this machine are started with a list of words, without a shell between.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const noLocalShell = {
  meta: {
    type: 'problem',
    docs: { description: 'commands of this machine are run without a shell' },
    messages: {
      exec: '{{name}} gives its text to a shell: use execFile or spawn with a list of words',
      option: 'without a shell a word stays a word: leave this option out',
    },
    schema: [],
  },
  create(context) {
    return {
      ImportDeclaration({ source, specifiers }) {
        if (source.value !== module && source.value !== 'child_process') return
        for (const specifier of specifiers) {
          const name = specifier.type === 'ImportSpecifier' ? specifier.imported.name : undefined
          if (name === 'exec' || name === 'execSync')
            context.report({ node: specifier, messageId: 'exec', data: { name } })
        }
      },
      MemberExpression({ object, property }) {
        const isModule =
          object.type === 'Identifier' && ['childProcess', 'child_process', 'cp'].includes(object.name)
        if (isModule && property.type === 'Identifier' && ['exec', 'execSync'].includes(property.name))
          context.report({ node: property, messageId: 'exec', data: { name: property.name } })
      },
      CallExpression({ arguments: given }) {
        for (const options of given) {
          if (options.type !== 'ObjectExpression') continue
          const shell = options.properties.find(
            (one) => one.type === 'Property' && one.key.type === 'Identifier' && one.key.name === 'shell',
          )
          if (shell !== undefined && !(shell.value.type === 'Literal' && shell.value.value === false))
            context.report({ node: shell, messageId: 'option' })
        }
      },
    }
  },
}
