#!/bin/sh
: "${mark?}" "${tools?}" "${modules?}" "${any_module?}" "${settings?}" "${engine_format?}" "${network_format?}"
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin LC_ALL=C
export PATH LC_ALL
have() { command -v "$1" >/dev/null 2>&1; }
newline='
'
section() { printf '%s %s\n' "$mark" "$*"; }
clock() { section clock "$(date +%s%N 2>/dev/null)"; }
# Told to an engine in its arguments or in the file it is configured by; nothing where it was not told.
exec_root() {
  found=
  config=/etc/docker/daemon.json
  before=
  while IFS= read -r word; do
    case $before in --exec-root) found=$word ;; --config-file) config=$word ;; esac
    case $word in --exec-root=*) found=${word#*=} ;; --config-file=*) config=${word#*=} ;; esac
    before=$word
  done <<EOF
$(tr '\000' '\n' <"$1/cmdline" 2>/dev/null)
EOF
  if [ -z "$found" ] && [ -r "$config" ]; then
    found=$(sed -n 's/.*"exec-root"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' "$config" | head -n 1)
  fi
  printf '%s\n' "${found:-/var/run/docker}"
}

# Processes of engines; not those of containers, which have process ids of their own.
engines() {
  space=$(readlink /proc/self/ns/pid)
  for process in /proc/[0-9]*; do
    { read -r name <"$process/comm"; } 2>/dev/null && [ "$name" = dockerd ] &&
      [ "$(readlink "$process/ns/pid")" = "$space" ] && printf '%s\n' "$process"
  done
}

clock
section system
printf 'hostname %s\n' "$(cat /proc/sys/kernel/hostname)"
printf 'architecture %s\n' "$(uname -m)"
printf 'kernel %s\n' "$(uname -r)"
printf 'uid %s\n' "$(id -u)"
[ -r /etc/machine-id ] && printf 'machine %s\n' "$(cat /etc/machine-id)"
[ -r /proc/sys/kernel/random/boot_id ] && printf 'boot %s\n' "$(cat /proc/sys/kernel/random/boot_id)"
printf 'processors %s\n' "$(grep -c '^processor' /proc/cpuinfo)"
sed -n -E 's/^(MemTotal|MemAvailable): *([0-9]+) kB$/\1 \2/p' /proc/meminfo
section host-keys
cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null | sed -n -E 's#^([a-z0-9@.-]+ [A-Za-z0-9+/=]+)( .*)?$#\1#p'
section tools
for name in $tools; do have "$name" && printf '%s %s\n' "$name" "$(command -v "$name")"; done

root=
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
case $socket in unix://*) socket=${socket#unix://} ;; *) socket= ;; esac
if ! have docker; then section no-docker
elif client=$(docker --version 2>/dev/null); case $client in podman*) true ;; *) false ;; esac; then
  section podman; printf '%s\n' "$client"
elif [ -S "$socket" ] && [ ! -w "$socket" ]; then section denied; printf '%s\n' "$socket"
elif ! out=$(docker version --format '{{json .Server}}' 2>/dev/null); then
  section no-engine
  # shellcheck disable=SC2069 # its words on standard error alone
  docker version --format '{{.Server.Version}}' 2>&1 >/dev/null
  # Root has no way to one that runs rootless.
  section engine-users
  for process in $(engines); do
    sed -n -E 's/^Uid:[[:space:]]+([1-9][0-9]*)[[:space:]].*/\1/p' "$process/status" 2>/dev/null
  done
else
  section engine; printf '%s\n' "$out"
  # A client takes a small host most of a second: one call tells all. Those before 28.1 know of no backend, and engines
  # before that do not say it.
  told='{{println}}root {{.DockerRootDir}}{{println}}backend'
  case $client in
    'Docker version '[1-9].* | 'Docker version 1'[0-9].* | 'Docker version 2'[0-7].* | 'Docker version 28.0.'*) ;;
    *) told="$told {{with .FirewallBackend}}{{.Driver}}{{end}}" ;;
  esac
  all=$(docker info --format "$engine_format$told" 2>/dev/null)
  case $all in
    *"${newline}root "*"${newline}backend"*)
      # From the end: a wrapper may say words of its own before.
      backend=${all##*"${newline}backend"} all=${all%"${newline}backend"*}
      info=${all%"${newline}root "*} root=${all##*"${newline}root "} backend=${backend# }
      ;;
    *)
      info=$(docker info --format "$engine_format" 2>/dev/null)
      root=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null)
      backend=
      ;;
  esac
  section info; printf '%s\n' "$info"
  section firewall-backend; printf '%s\n' "$backend"
  section exec-root
  for process in $(engines); do exec_root "$process"; done
  section networks
  ids=$(docker network ls -q --no-trunc)
  # shellcheck disable=SC2086 # ids, a line each
  [ -z "$ids" ] || docker network inspect --format "$network_format" $ids
  state=$root/swarm/docker-state.json
  [ -r "$state" ] && section data-path "$(sed -n 's/.*"DataPathAddr":"\([^"]*\)".*/\1/p' "$state")"
fi
section disk; df -Pk "${root:-/}" 2>/dev/null | tail -n 1

if have ip; then
  section addresses; ip -j -d -4 addr 2>/dev/null; printf '\n'; section routes; ip -j -4 route 2>/dev/null; printf '\n'
  section vxlan; ip -j -d link show type vxlan 2>/dev/null; printf '\n'
fi
for device in /sys/class/net/*; do
  [ -e "$device/device" ] || continue
  name=${device##*/}
  driver=$(readlink -f "$device/device/driver" 2>/dev/null)
  section card "$name" "${driver##*/}"
  have ethtool && ethtool -k "$name" 2>/dev/null | sed -n -E 's/^[[:space:]]*([a-z0-9-]+): on.*$/\1/p'
done

section sockets
for table in tcp tcp6 udp udp6; do
  state=0A; case $table in udp*) state=07 ;; esac
  [ -r "/proc/net/$table" ] && sed -n -E "s/^ *[0-9]+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F:]+ $state .*/${table%6} \1/p" "/proc/net/$table"
done

section modules
release=$(uname -r)
for name in $modules; do [ -d "/sys/module/$name" ] && printf 'loaded %s\n' "$name"; done
[ -r /proc/net/ip_vs ] && echo 'loaded ip_vs'
for list in builtin dep; do
  file=/lib/modules/$release/modules.$list
  [ -r "$file" ] && { printf 'list %s\n' "$list"; sed -n -E "s#^([^:]*/)?($any_module)\.ko(\.[a-z]+)?(:.*)?\$#$list \2#p" "$file"; }
done
for file in /proc/config.gz "/boot/config-$release"; do
  [ -r "$file" ] || continue
  case $file in *.gz) text=$(gzip -dc "$file" 2>/dev/null) ;; *) text=$(cat "$file") ;; esac
  [ -n "$text" ] || continue
  printf 'list config\n'
  set --
  for setting in $settings; do set -- "$@" -e "s/^CONFIG_${setting#*=}=([ym])\$/config-\1 ${setting%%=*}/p"; done
  printf '%s\n' "$text" | sed -n -E "$@"
  break
done

section firewall
if have systemctl; then
  for unit in firewalld ufw nftables netfilter-persistent; do
    systemctl is-active --quiet "$unit" 2>/dev/null && printf 'manager %s\n' "$unit"
  done
fi
grep -q '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null || printf 'idle ufw\n'
have nft && nft list chains 2>/dev/null | sed -n -E 's/.*hook (input|prerouting|ingress).*policy ([a-z]+);.*/nft \1 \2/p'
have iptables && iptables -S INPUT 2>/dev/null | sed -n -E 's/^-P INPUT ([A-Z]+)$/iptables policy \1/p; s/^-A INPUT .*/iptables rule/p'
clock
section end
