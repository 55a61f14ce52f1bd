import { sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { scripted, victim } from './scripted.ts'
import type { Fault } from './fault.ts'

const program = '/usr/local/lib/swarmproof-fault-iptables'

const standIn = scriptFile(import.meta.url, 'drop-rules-ignored.sh')

export const dropRulesIgnored: Fault = {
  name: 'drop-rules-ignored',
  description:
    'The firewall of one node takes the engine’s drop rules for encrypted networks and forgets them.',
  breaks: ['ENC-05', 'ENC-06'],
  namedBy: { code: 'clear-text-let-in', at: 'host' },
  async plant({ cluster }) {
    return scripted(victim(cluster), {
      plant: sh`printf '%s\n' ${standIn.text} >${program}
chmod +x ${program}
readlink /etc/alternatives/iptables >${program}.was
ln -sfn ${program} /etc/alternatives/iptables`,
      remove: sh`ln -sfn "$(cat ${program}.was)" /etc/alternatives/iptables
rm ${program} ${program}.was`,
    })
  },
}
