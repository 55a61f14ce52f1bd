#!/usr/bin/env node
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensurePackages, isCheckout, root } from './bootstrap.js'

await ensurePackages()
if (isCheckout) (await import('tsx/esm/api')).register()
const main = isCheckout ? join(root, 'lib', 'cli', 'main.ts') : join(root, 'dist', 'lib', 'cli', 'main.js')
const { runCommandLine } = await import(pathToFileURL(main).href)
await runCommandLine(process.argv.slice(2))
