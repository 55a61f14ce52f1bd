import { RuleTester } from 'eslint'
import tseslint from 'typescript-eslint'
import plugin from './index.js'

RuleTester.describe = describe
RuleTester.it = it

const tester = new RuleTester({ languageOptions: { parser: tseslint.parser } })
const { rules } = plugin

tester.run('made-by-sh', rules['made-by-sh'], {
  valid: [
    'const a = sh`ls ${name}`',
    'const a = value as Scripts',
    { code: 'new Script(text)', filename: '/x/lib/script.ts' },
    { code: 'new Script(text)', filename: '/x/lib/script-file.ts' },
  ],
  invalid: [
    { code: 'new Script(text)', errors: [{ messageId: 'constructed' }] },
    { code: 'new Script(text)', filename: '/x/lib/host/script.ts', errors: [{ messageId: 'constructed' }] },
    { code: 'const a = text as Script', errors: [{ messageId: 'asserted' }] },
    { code: 'const a = { text } as unknown as Script', errors: [{ messageId: 'asserted' }] },
    { code: 'const a = <Script>text', errors: [{ messageId: 'asserted' }] },
    { code: 'const a = sh({ raw: [text] } as TemplateStringsArray)', errors: [{ messageId: 'called' }] },
  ],
})

tester.run('script-files', rules['script-files'], {
  valid: [
    "import { perlFile, scriptFile } from '../script-file.ts'",
    "const script = scriptFile(import.meta.url, 'observe.sh')",
    "const script = scriptFile(import.meta.url, 'observe.sh', { wanted: name }, words)",
    "const program = perlFile(import.meta.url, 'agent.pl')",
    'class A { constructor() {} }',
  ],
  invalid: [
    { code: "scriptFile(url, 'observe.sh')", errors: [{ messageId: 'module' }] },
    { code: "scriptFile(`file://${path}`, 'observe.sh')", errors: [{ messageId: 'module' }] },
    { code: 'scriptFile(import.meta.url, name)', errors: [{ messageId: 'file' }] },
    { code: 'scriptFile(import.meta.url, `${name}.sh`)', errors: [{ messageId: 'file' }] },
    { code: "scriptFile(import.meta.url, '../observe.sh')", errors: [{ messageId: 'file' }] },
    { code: "scriptFile(import.meta.url, 'agent.pl')", errors: [{ messageId: 'file' }] },
    { code: "perlFile(import.meta.url, 'observe.sh')", errors: [{ messageId: 'file' }] },
    { code: 'perlFile()', errors: [{ messageId: 'module' }, { messageId: 'file' }] },
    {
      code: "import { scriptFile as load } from '../script-file.ts'",
      errors: [{ messageId: 'renamed' }],
    },
    { code: 'const load = scriptFile', errors: [{ messageId: 'renamed' }] },
    { code: 'names.map(perlFile)', errors: [{ messageId: 'renamed' }] },
  ],
})

tester.run('whole-words', rules['whole-words'], {
  valid: [
    'sh`docker rm ${name}`',
    'sh`echo "$(ls ${name})" --x=${y}/z`',
    "sh`echo 'a' ${b} # done`",
    'other`"${x}"`',
    'sh`echo "\\${x#y}" ${z}`',
  ],
  invalid: [
    { code: 'sh`echo "${x}"`', errors: [{ messageId: 'misplaced' }] },
    { code: "sh`echo '${x}'`", errors: [{ messageId: 'misplaced' }] },
    { code: 'sh`true # ${x}`', errors: [{ messageId: 'misplaced' }] },
    { code: 'sh`cat <<END\n${x}\nEND`', errors: [{ messageId: 'misplaced' }] },
    { code: 'sh`echo $${x}`', errors: [{ messageId: 'misplaced' }] },
    { code: 'sh`echo \\`id ${x}\\``', errors: [{ messageId: 'misplaced' }] },
  ],
})

tester.run('fixed-programs', rules['fixed-programs'], {
  valid: [
    'sh`perl -e ${program} -- ${words}`',
    'sh`sh -c ${inner.text}`',
    'const relayProgram = String.raw`\nuse strict;\nmy ($port) = @ARGV;\n`',
    'const script = sh`ls ${name}`',
    "const script = ['a', 'b'].join('\\n')",
    "const script = 'a' + 'b'",
    "spawn('sh', ['-c', script.text])",
    'const pattern = String.raw`\\b${name}\\b`',
    'sh`nsenter -t ${pid} -n ip link`',
    'sh`grep -e ${`a${b}`} file`',
  ],
  invalid: [
    { code: 'sh`perl -e ${`print ${x}`}`', errors: [{ messageId: 'composed' }] },
    { code: "sh`perl -n -e ${'print ' + x}`", errors: [{ messageId: 'composed' }] },
    { code: 'sh`ps | awk ${`/${x}/`}`', errors: [{ messageId: 'composed' }] },
    { code: "sh`sh -c ${'ls ' + name}`", errors: [{ messageId: 'composed' }] },
    { code: "const p = 'ls ' + name\nsh`nsenter -n sh -c ${p}`", errors: [{ messageId: 'composed' }] },
    { code: "sh`sed -n ${text.replace('%', x)}`", errors: [{ messageId: 'composed' }] },
    { code: 'const agentScript = `exec ${x}`', errors: [{ messageId: 'composed' }] },
    { code: 'const relayProgram = `print ${x}` as const', errors: [{ messageId: 'composed' }] },
    { code: "const script = [`a ${b}`, 'c'].join('\\n')", errors: [{ messageId: 'composed' }] },
    { code: 'const agent = String.raw`\nmy $x = ${x};\n`', errors: [{ messageId: 'composed' }] },
    { code: 'const agentProgram = String.raw`\nmy $x = ${x};\n`', errors: [{ messageId: 'composed' }] },
    { code: 'run({ program: `print ${x}` })', errors: [{ messageId: 'composed' }] },
    { code: "spawn('sh', ['-c', `ls ${x}`])", errors: [{ messageId: 'composed' }] },
    { code: "spawn('perl', ['-e', 'print ' + x])", errors: [{ messageId: 'composed' }] },
  ],
})

tester.run('no-local-shell', rules['no-local-shell'], {
  valid: [
    "import { execFile, spawn } from 'node:child_process'",
    'spawn(program, words, { shell: false })',
    'pattern.exec(text)',
    'host.remote.exec(sh`ls`)',
  ],
  invalid: [
    { code: "import { exec } from 'node:child_process'", errors: [{ messageId: 'exec' }] },
    { code: "import { execSync as run } from 'child_process'", errors: [{ messageId: 'exec' }] },
    { code: "cp.execSync('ls')", errors: [{ messageId: 'exec' }] },
    { code: "spawn('ls', { shell: true })", errors: [{ messageId: 'option' }] },
    { code: "execa('ls', [], { shell: '/bin/sh' })", errors: [{ messageId: 'option' }] },
  ],
})

tester.run('one-writer', rules['one-writer'], {
  valid: [
    "import { stdout } from './output.ts'\nstdout.write(text)",
    'const process = await remote.spawn(script)\nprocess.stdout.on("data", take)',
    'process.exitCode = 1',
  ],
  invalid: [
    { code: 'process.stdout.write(text)', errors: [{ messageId: 'raw' }] },
    { code: 'new Output(process.stderr)', errors: [{ messageId: 'raw' }] },
    { code: "process['stderr'].write(text)", errors: [{ messageId: 'raw' }] },
    { code: 'const { stdout } = process', errors: [{ messageId: 'raw' }] },
  ],
})

tester.run('redact-values', rules['redact-values'], {
  valid: ['JSON.stringify(redactValue(record))', 'redact(error.message)'],
  invalid: [
    { code: 'redact(JSON.stringify(record))', errors: [{ messageId: 'text' }] },
    { code: 'redact(`${JSON.stringify(record)}\\n`)', errors: [{ messageId: 'text' }] },
    { code: 'redact(eta.render(page))', errors: [{ messageId: 'text' }] },
  ],
})
