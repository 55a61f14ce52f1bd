/**
 * The pattern of a private key without an end reaches to the end of its text: applied to JSON, a page or a document it
 * takes the rest of that with it. Values are redacted before they are serialised, by `redactValue`.
 */
export const redactValues = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { text: "redact values, not serialised text: 'redactValue' of lib/redact-value.ts" },
  },
  create(context) {
    return {
      'CallExpression[callee.name="redact"] CallExpression[callee.property.name=/^(stringify|render)$/]': (
        node,
      ) => context.report({ node, messageId: 'text' }),
    }
  },
}
