import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { ruleWords } from '../change/rule-words.ts'
import { shell } from '../change/shell.ts'

export const masqueradeGone: Fault = {
  name: 'masquerade-gone',
  description: 'A host lost the rule that masquerades what leaves docker_gwbridge',
  breaks: ['GWB-02'],
  namedBy: { code: 'gateway-not-masqueraded', at: 'host' },
  async plant({ cluster }) {
    const node = cluster.nodes.at(-1) ?? cluster.manager
    const rules = await shell(node.host, sh`iptables -w -t nat -S POSTROUTING`)
    const rule = rules.split('\n').find((line) => / ! -o docker_gwbridge .*-j MASQUERADE/.test(line))
    if (rule === undefined) throw new Error(`${node.host.name} has no rule that masquerades docker_gwbridge`)
    // `-A`, its chain, and what it matches.
    const [, ...words] = ruleWords(rule, node.host.name)
    const change = (flag: '-A' | '-D') => sh`iptables -w -t nat ${flag} ${words}`
    await shell(node.host, change('-D'))
    return {
      host: node.host.name,
      async remove() {
        await shell(node.host, change('-A'))
      },
    }
  },
}
