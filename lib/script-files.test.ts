import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from './package-root.ts'

const root = packageRoot()
const files = ['bench', 'bin', 'lib', 'suites'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
)
const shellFiles = files.filter((file) => file.endsWith('.sh'))
const perlFiles = files.filter((file) => file.endsWith('.pl'))

/** What is wrong with these files of sh: a line each, with the place. */
function shellcheck(paths: readonly string[]): string {
  const words = ['--shell=sh', '--severity=info', '--format=gcc', ...paths]
  const { stdout, error } = spawnSync('shellcheck', words, { cwd: root, encoding: 'utf8' })
  if (error !== undefined) throw error
  return stdout
}

/** What Perl says of a program that it does not run; nothing if there is nothing to say. */
function perlCheck(path: string): string {
  const { stderr, error } = spawnSync('perl', ['-wc', path], { cwd: root, encoding: 'utf8' })
  if (error !== undefined) throw error
  return stderr.replace(`${path} syntax OK\n`, '')
}

/** What modules load: module and file. */
function loaded(): { readonly module: string; readonly file: string }[] {
  return files
    .filter((module) => module.endsWith('.ts') && !/\.test\.ts$/.test(module))
    .flatMap((module) =>
      [
        ...readFileSync(join(root, module), 'utf8')
          .replaceAll(/^\s*\*.*$/gm, '')
          .matchAll(/\b(?:scriptFile|perlFile)\(\s*import\.meta\.url,\s*'([^']+)'/g),
      ].map(([, name = '']) => ({ module, file: join(dirname(module), name) })),
    )
}

describe('scripts that are files', function () {
  this.timeout(120_000)

  it('of sh are what POSIX has, with every word quoted', function () {
    requireProgram(this, 'shellcheck')
    expect(shellFiles).to.not.deep.equal([])
    expect(shellcheck(shellFiles)).to.equal('')
  })

  it('of sh say what they are run by', () => {
    for (const file of shellFiles)
      expect(readFileSync(join(root, file), 'utf8').startsWith('#!/bin/sh\n'), file).to.equal(true)
  })

  it('of Perl compile without a warning', function () {
    requireProgram(this, 'perl')
    expect(perlFiles).to.not.deep.equal([])
    for (const file of perlFiles) expect(perlCheck(file), file).to.equal('')
  })

  it('would be refused with a word unquoted, a variable undeclared or a line cut short', function () {
    requireProgram(this, 'shellcheck')
    requireProgram(this, 'perl')
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-scripts-'))
    const broken = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    expect(shellcheck([broken('word.sh', '#!/bin/sh\nrm -rf $1\n')])).to.contain('SC2086')
    expect(shellcheck([broken('name.sh', '#!/bin/sh\nrm -rf "$folder"\n')])).to.contain('SC2154')
    expect(shellcheck([broken('end.sh', '#!/bin/sh\nif true; then\n')])).to.contain('error')
    expect(shellcheck([broken('bash.sh', '#!/bin/sh\n[[ -n $1 ]]\n')])).to.contain('SC3010')
    expect(perlCheck(broken('end.pl', 'use strict;\nif (1) {\n'))).to.contain('Missing right curly')
    expect(perlCheck(broken('name.pl', 'use strict;\nprint $x;\n'))).to.contain('Global symbol')
    expect(perlCheck(broken('twice.pl', 'use strict;\nmy $x; my $x;\n'))).to.contain('masks')
    rmSync(folder, { recursive: true })
  })

  it('are all loaded by a module beside them, and there', () => {
    const wanted = loaded().map(({ file }) => file)
    expect(wanted.filter((file) => !existsSync(join(root, file)))).to.deep.equal([])
    expect([...shellFiles, ...perlFiles].filter((file) => !wanted.includes(file))).to.deep.equal([])
  })

  it('are copied beside what is compiled', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-built-'))
    execFileSync(process.execPath, [join(root, 'bin', 'copy-scripts.js'), folder])
    const compiled = loaded().filter(({ module }) =>
      /^(?:lib|suites)\/(?!.*\.(?:fake|lab)\.ts$)/.test(module),
    )
    expect(compiled).to.not.deep.equal([])
    for (const { file } of compiled)
      expect(readFileSync(join(folder, file), 'utf8'), file).to.equal(readFileSync(join(root, file), 'utf8'))
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Readonly<Record<string, string>>
    }
    expect(scripts['build']).to.contain('node bin/copy-scripts.js')
    rmSync(folder, { recursive: true })
  })
})

function requireProgram(test: Mocha.Context, program: string): void {
  try {
    execFileSync(program, ['--version'])
  } catch {
    test.skip()
  }
}
