import js from '@eslint/js'
import tseslint from 'typescript-eslint'
import swarmproof from './lib/lint/index.js'

export default tseslint.config(
  { ignores: ['dist/', 'reports/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { swarmproof },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // What is not awaited there outlives what `await using` ends.
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/require-await': 'off',
      // A field that is taken out of an object so that the rest lacks it.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'swarmproof/made-by-sh': 'error',
      'swarmproof/script-files': 'error',
      'swarmproof/whole-words': 'error',
      'swarmproof/fixed-programs': 'error',
      'swarmproof/no-local-shell': 'error',
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
    rules: {
      'no-console': 'error',
      'swarmproof/one-writer': 'error',
      'swarmproof/redact-values': 'error',
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
    // What tests run is their own, on hosts of their own.
    files: ['**/*.test.ts', '**/*.fake.ts', '**/*.lab.ts'],
    rules: { 'swarmproof/fixed-programs': 'off' },
  },
  {
    // It is tested there that the tag and the loader themselves refuse what the rules find.
    files: ['lib/script.test.ts', 'lib/script-file.test.ts'],
    rules: { 'swarmproof/whole-words': 'off', 'swarmproof/script-files': 'off' },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
  },
)
