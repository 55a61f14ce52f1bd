/**
 * What is run on a host to read its kernel state: POSIX sh, with process ids as its arguments.
 *
 * It prints sections that start with a line `@@ name argument`. Processes are counted, because on an emulated
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

export const observeScript = String.raw`
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C
export PATH LC_ALL
folder=/run/docker/netns

have() { command -v "$1" >/dev/null 2>&1; }
need() { have "$1" || printf '@@ missing %s %s %s\n' "$1" "$2" "$3"; }

in_namespace='
  tables=$(printf "addr\nneigh\nroute\n" | ip -j -d -batch - 2>/dev/null)
  [ -n "$tables" ] || printf "@@ failed ip\n"
  printf "@@ tables\n%s\n" "$tables"
  case $tables in
    *\"info_kind\":\"vxlan\"*|*\"info_kind\":\"bridge\"*) printf "@@ fdb\n"; bridge -j fdb 2>/dev/null || printf "@@ failed bridge\n"; printf "\n" ;;
  esac
  if [ -r /proc/net/ip_vs ]; then
    printf "@@ ipvs\n"
    cat /proc/net/ip_vs
  fi
  printf "@@ firewall\n"
  if [ -n "$firewall" ]; then iptables-save -c 2>/dev/null || printf "@@ failed iptables-save\n"; fi
  true
'

each_namespace='
  for file in '$folder'/*; do
    [ -e "$file" ] || continue
    printf "@@ namespace %s\n" "$file"
    nsenter --net="$file" sh -c "$in_namespace" 2>&1 || printf "\n@@ unreadable %s\n" "$file"
  done
'
# Where nsenter is taken from a container, all of it happens in one: starting a container for each takes seconds.
in_one_go() {
  export in_namespace
  case $(command -v nsenter) in
    */swarmproof-*/nsenter)
      # A container that does not come up must not read as a host without namespaces.
      nsenter --net=/proc/self/ns/net sh -c "$each_namespace" || for file in "$folder"/*; do
        if [ -e "$file" ]; then printf '\n@@ namespace %s\n\n@@ unreadable %s\n' "$file" "$file"; fi
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
  printf '@@ modules\n'
  for name in ${wantedModules.join(' ')}; do [ -d "/sys/module/$name" ] && printf 'loaded %s\n' "$name"; done
  [ -r /proc/net/ip_vs ] && printf 'loaded ip_vs\n'
  [ -r /etc/swarmproof/kernel-modules ] && cat /etc/swarmproof/kernel-modules
  for list in builtin dep; do
    file=/lib/modules/$release/modules.$list
    [ -r "$file" ] && sed -n -E 's#^([^:]*/)?(${wantedModules.join('|')})\.ko(\.[a-z]+)?(:.*)?$#'$list' \2#p' "$file"
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

  printf '@@ clock\n'; date -u +%Y-%m-%dT%H:%M:%SZ
  printf '@@ backend\n'
  if have iptables; then readlink -f "$(command -v iptables)"; fi
  if [ -r /proc/net/ip_tables_names ]; then
    sed 's/^/legacy-table /' /proc/net/ip_tables_names
  fi

  set -- /proc/self/ns/net $(for pid in "$@"; do printf '/proc/%s/ns/net ' "$pid"; done)
  for file in "$folder"/*; do if [ -e "$file" ]; then set -- "$@" "$file"; fi; done
  printf '@@ inodes\n'; stat -L -c '%i %n' "$@" 2>/dev/null

  if have ip; then
    printf '@@ namespace -\n'
    sh -c "$in_namespace"
    if have nsenter; then in_one_go; fi
    printf '@@ xfrm-state\n'; ip xfrm state 2>/dev/null | cut_keys
    printf '@@ xfrm-policy\n'; ip xfrm policy 2>/dev/null | cut_keys
  fi

  modules
  printf '@@ sockets\n'
  sockets tcp 0A
  sockets tcp6 0A
  sockets udp 07
  sockets udp6 07
  printf '@@ end\n'
}

main "$@" </dev/null
`
