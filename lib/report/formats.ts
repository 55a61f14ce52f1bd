/** Every report format: one line each. */
export { allure } from './allure.ts'
export { html } from './html.ts'
export { junit } from './junit.ts'
export { markdown } from './markdown.ts'
export { matrixFormat } from './matrix.ts'
