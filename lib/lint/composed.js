/** Functions that make text of other text. */
const composing = new Set(['replace', 'replaceAll', 'concat', 'join', 'padStart', 'padEnd', 'repeat'])

/**
 * Whether an expression makes text of parts, one of which is not written where it stands: a template with insertions,
 * a sum, a join. What a constant of the same file holds is looked at, too.
 *
 * @param {import('estree').Node | null | undefined} node
 * @param {import('eslint').SourceCode} source
 */
export function isComposed(node, source) {
  if (node === null || node === undefined) return false
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
      return isComposed(node.expression, source)
    case 'TemplateLiteral':
      return node.expressions.length > 0
    case 'TaggedTemplateExpression':
      return !isSh(node.tag) && node.quasi.expressions.length > 0
    case 'BinaryExpression':
      return node.operator === '+' && !(isLiteral(node.left, source) && isLiteral(node.right, source))
    case 'ConditionalExpression':
      return isComposed(node.consequent, source) || isComposed(node.alternate, source)
    case 'LogicalExpression':
      return isComposed(node.left, source) || isComposed(node.right, source)
    case 'CallExpression':
      return (
        node.callee.type === 'MemberExpression' &&
        node.callee.property.type === 'Identifier' &&
        composing.has(node.callee.property.name) &&
        !isLiteralList(node.callee.object, source)
      )
    case 'Identifier':
      return isComposed(constantOf(node, source), source)
    default:
      return false
  }
}

/** @param {import('estree').Node} tag */
export function isSh(tag) {
  return tag.type === 'Identifier' && tag.name === 'sh'
}

function isLiteral(node, source) {
  if (node.type === 'BinaryExpression')
    return node.operator === '+' && isLiteral(node.left, source) && isLiteral(node.right, source)
  return node.type === 'Literal' || (node.type === 'TemplateLiteral' && !isComposed(node, source))
}

function isLiteralList(node, source) {
  return (
    node.type === 'ArrayExpression' && node.elements.every((one) => one !== null && isLiteral(one, source))
  )
}

/** What a `const` of the file was given, if the name is one. */
function constantOf(identifier, source) {
  for (let scope = source.getScope(identifier); scope !== null; scope = scope.upper) {
    const variable = scope.set.get(identifier.name)
    if (variable === undefined) continue
    const [definition] = variable.defs
    const isConstant =
      definition?.type === 'Variable' &&
      definition.parent.kind === 'const' &&
      definition.node.id.type === 'Identifier'
    return isConstant ? definition.node.init : undefined
  }
  return undefined
}
