const loaders = {
  scriptFile: /^[a-z][a-z0-9-]*(?:\.fake)?\.sh$/,
  perlFile: /^[a-z][a-z0-9-]*(?:\.fake)?\.pl$/,
}

/**
 * Scripts that are files are those beside the module that loads them, by names that are written: no path that somebody
 * else chose becomes a script, and what is loaded where can be found by its name.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const scriptFiles = {
  meta: {
    type: 'problem',
    docs: { description: 'scripts are loaded from beside their module, by a fixed name' },
    messages: {
      module: 'a script is a file beside its module: the first argument of {{name}} is import.meta.url',
      file: 'the name of a script is written where it is loaded, such as {{example}}',
      renamed: '{{name}} keeps its name, by which lint and tests find what it loads',
    },
    schema: [],
  },
  create(context) {
    const report = (node, messageId, name) =>
      context.report({
        node,
        messageId,
        data: { name, example: name === 'scriptFile' ? "'observe.sh'" : "'agent.pl'" },
      })
    return {
      ImportSpecifier({ imported, local }) {
        if (Object.hasOwn(loaders, imported.name) && local.name !== imported.name)
          report(local, 'renamed', imported.name)
      },
      Identifier(node) {
        if (!Object.hasOwn(loaders, node.name)) return
        const { parent } = node
        const isKnown =
          parent.type === 'ImportSpecifier' ||
          parent.type === 'FunctionDeclaration' ||
          (parent.type === 'CallExpression' && parent.callee === node)
        if (!isKnown) report(node, 'renamed', node.name)
      },
      CallExpression(node) {
        const { callee } = node
        if (callee.type !== 'Identifier' || !Object.hasOwn(loaders, callee.name)) return
        const [module, file] = node.arguments
        if (context.sourceCode.getText(module) !== 'import.meta.url')
          report(module ?? node, 'module', callee.name)
        if (file?.type !== 'Literal' || !loaders[callee.name].test(String(file.value)))
          report(file ?? node, 'file', callee.name)
      },
    }
  },
}
