import { type Script, sh } from '../script.ts'

/**
 * What is run on a host to read its kernel state: POSIX sh, with process ids as its arguments.
 *
 * It prints sections, see `execSections`. Processes are counted, because on an emulated
 * host each costs about 30 ms: one shell per namespace, one `ip -batch` for three tables, shell built-ins for
 * files of /proc. `ss` is not used: it makes the kernel load modules, and this must not change a host.
 *
 * A container sees neither what is built into the kernel nor what could be loaded: who made it left a list of what
 * works there, found by trying.
 *
 * Keys: the secret field of every `ip xfrm state` line that has one is cut out before the output leaves the
 * host, and so is any hexadecimal number longer than an SPI. Not every iproute2 knows `nokeys`.
 */
/** Kernel modules swarm needs, or may need for its encryption rules. */
export const wantedModules = [
  'vxlan',
  'bridge',
  'veth',
  'br_netfilter',
  'ip_vs',
  'ip_vs_rr',
  'esp4',
  'xfrm_user',
  'xt_bpf',
  'xt_u32',
] as const

const script = sh`
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C
export PATH LC_ALL
folder=/run/docker/netns nsfs=6e736673

have() { command -v "$1" >/dev/null 2>&1; }
need() { have "$1" || section missing "$1" "$2" "$3"; }

# A shell that is started for a namespace, or in a container, knows nothing of this one.
begin='mark='$mark'; section() { printf "%s %s\n" "$mark" "$*"; }'
eval "$begin"

in_namespace=$begin'
  tables=$(printf "addr\nneigh\nroute\n" | ip -j -d -batch - 2>/dev/null)
  [ -n "$tables" ] || section failed ip
  section tables; printf "%s\n" "$tables"
  case $tables in
    *\"info_kind\":\"vxlan\"*|*\"info_kind\":\"bridge\"*) section fdb; bridge -j fdb 2>/dev/null || section failed bridge; printf "\n" ;;
  esac
  if [ -r /proc/net/ip_vs ]; then
    section ipvs
    cat /proc/net/ip_vs
  fi
  # dash reads byte by byte, which this file ends after the first: what was read counts, not that reading failed.
  forwards=; { read -r forwards </proc/sys/net/ipv4/ip_forward; } 2>/dev/null
  if [ -n "$forwards" ]; then section forwards; printf "%s\n" "$forwards"; fi
  section firewall
  if [ -n "$firewall" ]; then iptables-save -c 2>/dev/null || section failed iptables-save; fi
  true
'

# Engines leave the file of a namespace for a minute after they ended it: then it is a plain one, of another file system.
not_entered='
  printf "\n"
  kind=$(stat -f -c %t "$file" 2>/dev/null)
  case $kind in
    '$nsfs') section unreadable "$file" ;;
    ?*) section ended "$file" ;;
    *) if [ -e "$file" ]; then section unreadable "$file"; else section ended "$file"; fi ;;
  esac
'

each_namespace=$begin'
  for file in '$folder'/*; do
    [ -e "$file" ] || continue
    section namespace "$file"
    nsenter --net="$file" sh -c "$in_namespace" 2>/dev/null || eval "$not_entered"
  done
'
# Where nsenter is taken from a container, all of it happens in one: starting a container for each takes seconds.
in_one_go() {
  export in_namespace not_entered
  case $(command -v nsenter) in
    */swarmproof-*/nsenter)
      # A container that does not come up must not read as a host without namespaces.
      nsenter --net=/proc/self/ns/net sh -c "$each_namespace" || for file in "$folder"/*; do
        if [ -e "$file" ]; then printf '\n'; section namespace "$file"; printf '\n'; section unreadable "$file"; fi
      done ;;
    *) eval "$each_namespace" ;;
  esac
}

cut_keys() {
  sed -E \
    -e 's/^([[:space:]]*(aead|auth|auth-trunc|enc|comp)[[:space:]]+[^[:space:]]+)[[:space:]]+[^[:space:]]+/\1 (redacted)/' \
    -e 's/0x[0-9a-fA-F]{9,}/(redacted)/g'
}

modules() {
  read -r release </proc/sys/kernel/osrelease
  section modules
  for name in $wanted; do [ -d "/sys/module/$name" ] && printf 'loaded %s\n' "$name"; done
  [ -r /proc/net/ip_vs ] && printf 'loaded ip_vs\n'
  [ -r /etc/swarmproof/kernel-modules ] && cat /etc/swarmproof/kernel-modules
  for list in builtin dep; do
    file=/lib/modules/$release/modules.$list
    [ -r "$file" ] && sed -n -E "s#^([^:]*/)?($any_wanted)\.ko(\.[a-z]+)?(:.*)?\$#$list \2#p" "$file"
  done
}

sockets() {
  [ -r "/proc/net/$1" ] && sed -n -E "s/^ *[0-9]+: ([0-9A-F]+:[0-9A-F]+) [0-9A-F:]+ $2 .*/$1 \1/p" "/proc/net/$1"
}

main() {
  need ip links,addresses,neighbours,routes,namespaces iproute2
  need bridge fdb iproute2
  need nsenter namespaces util-linux
  need iptables-save firewall iptables
  firewall=
  if have iptables-save; then firewall=1; fi
  export firewall

  section clock; date -u +%Y-%m-%dT%H:%M:%SZ
  section backend
  if have iptables; then readlink -f "$(command -v iptables)"; fi
  if [ -r /proc/net/ip_tables_names ]; then
    sed 's/^/legacy-table /' /proc/net/ip_tables_names
  fi

  set -- /proc/self/ns/net $(for pid in "$@"; do printf '/proc/%s/ns/net ' "$pid"; done)
  for file in "$folder"/*; do if [ -e "$file" ]; then set -- "$@" "$file"; fi; done
  section inodes; stat -L -c '%i %n' "$@" 2>/dev/null

  if have ip; then
    section namespace -
    sh -c "$in_namespace"
    if have nsenter; then in_one_go; fi
    section xfrm-state; ip xfrm state 2>/dev/null | cut_keys
    section xfrm-policy; ip xfrm policy 2>/dev/null | cut_keys
  fi

  # Nothing that loads a module: only where nf_tables is in use.
  if have nft && [ -d /sys/module/nf_tables ]; then section nft; nft -j list ruleset 2>/dev/null; printf '\n'; fi
  section forwarding-files
  cat_files=
  for file in /usr/lib/sysctl.d/*.conf /run/sysctl.d/*.conf /etc/sysctl.d/*.conf /etc/sysctl.conf; do
    [ -r "$file" ] && cat_files="$cat_files $file"
  done
  [ -n "$cat_files" ] && grep -H -E '^[[:space:]]*-?net[./]ipv4[./]ip_forward[[:space:]]*=' $cat_files

  modules
  section sockets
  sockets tcp 0A
  sockets tcp6 0A
  sockets udp 07
  sockets udp6 07
  section end
}

main "$@" </dev/null
`

/** @param pids of processes whose network namespaces are wanted, too */
export function observeScript(pids: readonly number[]): Script {
  return sh`set -- ${pids}
wanted=${wantedModules.join(' ')} any_wanted=${wantedModules.join('|')}
${script}`
}
