import type { Rule } from 'eslint'

declare const plugin: {
  readonly meta: { readonly name: string }
  readonly rules: Readonly<
    Record<
      | 'made-by-sh'
      | 'script-files'
      | 'whole-words'
      | 'fixed-programs'
      | 'no-local-shell'
      | 'one-writer'
      | 'redact-values',
      Rule.RuleModule
    >
  >
}
export default plugin
