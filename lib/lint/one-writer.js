/**
 * Everything is written through `Output` (lib/cli/output.ts), which makes text of others printable. The streams of the
 * process are not to be had elsewhere, not even to be handed on. A process of a host that is called `process` is none.
 */
export const oneWriter = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      raw: "text of others could act on a terminal here; use 'stdout' or 'stderr' of lib/cli/output.ts",
    },
  },
  create(context) {
    const isGlobal = (node) => {
      for (let scope = context.sourceCode.getScope(node); scope !== null; scope = scope.upper) {
        const variable = scope.set.get(node.name)
        if (variable !== undefined) return variable.defs.length === 0
      }
      return true
    }
    return {
      'MemberExpression[object.name="process"][property.name=/^std(out|err)$/]': (node) => {
        if (isGlobal(node.object)) context.report({ node, messageId: 'raw' })
      },
      'MemberExpression[object.name="process"][computed=true] > Literal[value=/^std(out|err)$/]': (node) => {
        if (isGlobal(node.parent.object)) context.report({ node, messageId: 'raw' })
      },
      'VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name=/^std(out|err)$/]': (
        node,
      ) => {
        if (isGlobal(node.parent.parent.init)) context.report({ node, messageId: 'raw' })
      },
    }
  },
}
