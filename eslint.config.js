import js from '@eslint/js'
import tseslint from 'typescript-eslint'
import { oneWriter } from './lint/one-writer.js'
import { redactValues } from './lint/redact-values.js'

export default tseslint.config(
  { ignores: ['dist/', 'reports/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // What hosts say is bounded and made printable at one place each.
    files: ['lib/**/*.ts', 'suites/**/*.ts'],
    ignores: [
      '**/*.{test,fake,lab}.ts',
      'lib/cli/output.ts',
      'lib/remote/open-ssh/ask-passphrase.ts',
      'suites/lab-test.ts',
    ],
    plugins: { output: { rules: { 'one-writer': oneWriter, 'redact-values': redactValues } } },
    rules: {
      'no-console': 'error',
      'output/one-writer': 'error',
      'output/redact-values': 'error',
      'no-restricted-imports': [
        'error',
        {
          name: 'node:readline',
          message: 'its lines have no bound; use readLines of lib/remote/bounded-lines.ts',
        },
        { name: 'node:readline/promises', message: 'its lines have no bound; use readLines' },
        { name: 'node:process', message: 'use the global' },
      ],
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
  },
)
