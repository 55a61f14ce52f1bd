import { engineFormat, subnetsFormat } from '../../api-formats.ts'
import { moduleNames, toolNames } from './host-facts.ts'

const configOf: Readonly<Record<string, string>> = {
  vxlan: 'VXLAN',
  ip_vs: 'IP_VS',
  esp4: 'INET_ESP',
  xt_bpf: 'NETFILTER_XT_MATCH_BPF',
  xt_u32: 'NETFILTER_XT_MATCH_U32',
  br_netfilter: 'BRIDGE_NETFILTER',
}

/**
 * What is run on a host to learn what it is: POSIX sh, changes nothing and loads no module. Prints sections that begin
 * with a line `@@ name argument`. Of `docker-state.json` only the data-path address is taken.
 */
export const factsScript = String.raw`
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin LC_ALL=C
export PATH LC_ALL
have() { command -v "$1" >/dev/null 2>&1; }
clock() { printf '@@ clock %s\n' "$(date +%s%N 2>/dev/null)"; }
clock
printf '@@ system\n'
printf 'hostname %s\n' "$(cat /proc/sys/kernel/hostname)"
printf 'architecture %s\n' "$(uname -m)"
printf 'kernel %s\n' "$(uname -r)"
printf 'uid %s\n' "$(id -u)"
[ -r /etc/machine-id ] && printf 'machine %s\n' "$(cat /etc/machine-id)"
printf 'processors %s\n' "$(grep -c '^processor' /proc/cpuinfo)"
sed -n -E 's/^(MemTotal|MemAvailable): *([0-9]+) kB$/\1 \2/p' /proc/meminfo
printf '@@ tools\n'
for name in ${toolNames.join(' ')}; do have "$name" && printf '%s %s\n' "$name" "$(command -v "$name")"; done

root=
if ! have docker; then printf '@@ no-docker\n'
elif ! out=$(docker version --format '{{json .Server}}' 2>&1); then printf '@@ no-engine\n%s\n' "$out"
else
  printf '@@ engine\n%s\n' "$out"
  info=$(docker info --format '${engineFormat}' 2>/dev/null)
  printf '@@ info\n%s\n' "$info"
  root=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null)
  printf '@@ networks\n'
  ids=$(docker network ls -q --no-trunc)
  [ -z "$ids" ] || docker network inspect --format '{{json .Name}} {{json .Driver}} {{json .Scope}} ${subnetsFormat}' $ids
  state=$root/swarm/docker-state.json
  [ -r "$state" ] && printf '@@ data-path %s\n' "$(sed -n 's/.*"DataPathAddr":"\([^"]*\)".*/\1/p' "$state")"
fi
printf '@@ disk\n'; df -Pk "${'$'}{root:-/}" 2>/dev/null | tail -n 1

if have ip; then
  printf '@@ addresses\n'; ip -j -d -4 addr 2>/dev/null; printf '\n@@ routes\n'; ip -j -4 route 2>/dev/null; printf '\n'
fi
for device in /sys/class/net/*; do
  [ -e "$device/device" ] || continue
  name=${'$'}{device##*/}
  driver=$(readlink -f "$device/device/driver" 2>/dev/null)
  printf '@@ card %s %s\n' "$name" "${'$'}{driver##*/}"
  have ethtool && ethtool -k "$name" 2>/dev/null | sed -n -E 's/^[[:space:]]*([a-z0-9-]+): on.*$/\1/p'
done

printf '@@ sockets\n'
for table in tcp tcp6 udp udp6; do
  state=0A; case $table in udp*) state=07 ;; esac
  [ -r "/proc/net/$table" ] && sed -n -E "s/^ *[0-9]+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F:]+ $state .*/${'$'}{table%6} \1/p" "/proc/net/$table"
done

printf '@@ modules\n'
release=$(uname -r)
${moduleNames.map((name) => `[ -d /sys/module/${name} ] && echo 'loaded ${name}'`).join('\n')}
[ -r /proc/net/ip_vs ] && echo 'loaded ip_vs'
for list in builtin dep; do
  file=/lib/modules/$release/modules.$list
  [ -r "$file" ] && { printf 'list %s\n' "$list"; sed -n -E 's#^([^:]*/)?(${moduleNames.join('|')})\.ko(\.[a-z]+)?(:.*)?$#'"$list"' \2#p' "$file"; }
done
for file in /proc/config.gz "/boot/config-$release"; do
  [ -r "$file" ] || continue
  case $file in *.gz) text=$(gzip -dc "$file" 2>/dev/null) ;; *) text=$(cat "$file") ;; esac
  [ -n "$text" ] || continue
  printf 'list config\n'
  printf '%s\n' "$text" | sed -n -E ${moduleNames.map((name) => `-e 's/^CONFIG_${configOf[name]}=([ym])$/config-\\1 ${name}/p'`).join(' ')}
  break
done

printf '@@ firewall\n'
if have systemctl; then
  for unit in firewalld ufw nftables netfilter-persistent; do
    systemctl is-active --quiet "$unit" 2>/dev/null && printf 'manager %s\n' "$unit"
  done
fi
grep -q '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null || printf 'idle ufw\n'
have nft && nft list chains 2>/dev/null | sed -n -E 's/.*hook (input|prerouting|ingress).*policy ([a-z]+);.*/nft \1 \2/p'
have iptables && iptables -S INPUT 2>/dev/null | sed -n -E 's/^-P INPUT ([A-Z]+)$/iptables policy \1/p; s/^-A INPUT .*/iptables rule/p'
clock
printf '@@ end\n'
`
