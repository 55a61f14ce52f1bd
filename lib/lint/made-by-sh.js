/**
 * A `Script` is made by `sh`, `scriptLines` and `scriptFile` alone: by no constructor, no assertion of its type, and no
 * call of `sh` with strings that were no template.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const madeBySh = {
  meta: {
    type: 'problem',
    docs: { description: 'scripts for hosts are made by the tag `sh` or loaded by scriptFile' },
    messages: {
      constructed:
        'a script is made by the tag sh`…`, which quotes what is inserted, and not by its constructor',
      asserted: 'text is no script because its type is said to be one: make it by the tag sh`…`',
      called: 'sh is a tag for templates: called as a function it would quote nothing of its first argument',
    },
    schema: [],
  },
  create(context) {
    if (/\/lib\/script(?:-file)?\.ts$/.test(context.filename)) return {}
    const isScript = (type) =>
      type?.type === 'TSTypeReference' &&
      type.typeName.type === 'Identifier' &&
      type.typeName.name === 'Script'
    const onAssertion = (node) => {
      if (isScript(node.typeAnnotation)) context.report({ node, messageId: 'asserted' })
    }
    return {
      NewExpression(node) {
        if (node.callee.type === 'Identifier' && node.callee.name === 'Script')
          context.report({ node, messageId: 'constructed' })
      },
      CallExpression(node) {
        if (node.callee.type === 'Identifier' && node.callee.name === 'sh')
          context.report({ node, messageId: 'called' })
      },
      TSAsExpression: onAssertion,
      TSTypeAssertion: onAssertion,
    }
  },
}
