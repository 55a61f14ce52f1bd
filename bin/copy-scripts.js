#!/usr/bin/env node
/**
 * Copies the scripts that run on hosts, which are files beside their modules, to where these were compiled to, but for
 * those of tests. Argument: the folder to copy to, `dist` where none is given.
 */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './bootstrap.js'

const target = process.argv[2] ?? join(root, 'dist')
for (const folder of ['lib', 'suites'])
  for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:sh|pl)$/.test(name) || /\.fake\./.test(name)) continue
    const copy = join(target, folder, name)
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(join(root, folder, name), copy)
  }
