#!/bin/sh
: "${mark?}" "${wanted?}" "${any_wanted?}" "${in_namespace?}" "${each_namespace?}" "${not_entered?}"
: "${files?}" "${host_files?}" "${kernel_words?}" "${settings?}"
# Arguments: process ids. What is started for a namespace, or in a container, finds the mark in its environment.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C
export PATH LC_ALL mark files
folder=/run/docker/netns

have() { command -v "$1" >/dev/null 2>&1; }
section() { printf '%s %s\n' "$mark" "$*"; }
# Whether the kernel has nf_tables already: nft would load it. A kernel that has it built in shows no module.
has_nf_tables() {
  [ -d /sys/module/nf_tables ] && return
  read -r release </proc/sys/kernel/osrelease
  builtin=/lib/modules/$release/modules.builtin
  if [ -r "$builtin" ]; then grep -q '/nf_tables\.ko$' "$builtin"; else grep -q ' nft_do_chain$' /proc/kallsyms; fi
}
need() { have "$1" || section missing "$1" "$2" "$3"; }

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

# Other tables are read where a rule can lead to them: main may hold the routes of the internet.
routing() {
  section routing-rules
  rules=$(ip -j -4 rule show 2>/dev/null)
  printf '%s\n' "$rules"
  section other-routes
  case $(printf '%s' "$rules" | sed 's/"table":"\(local\|main\|default\)"//g') in
    *'"table"'*) ip -j -4 route show table all 2>/dev/null; printf '\n' ;;
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
  # Where nftables has tables that are not of iptables, namespaces are asked for theirs; the host's own are read below.
  native=
  nft=
  if have nft && has_nf_tables 2>/dev/null; then nft=1; fi
  if [ -n "$nft" ] &&
    nft list tables 2>/dev/null | grep -Eqv ' (filter|nat|mangle|raw|security)$'; then native=1; fi
  export firewall native

  section clock; date -u +%Y-%m-%dT%H:%M:%SZ
  section backend
  if have iptables; then readlink -f "$(command -v iptables)"; fi
  if [ -r /proc/net/ip_tables_names ]; then
    sed 's/^/legacy-table /' /proc/net/ip_tables_names
  fi

  for pid; do shift; set -- "$@" "/proc/$pid/ns/net"; done
  set -- /proc/self/ns/net "$@"
  for file in "$folder"/*; do if [ -e "$file" ]; then set -- "$@" "$file"; fi; done
  section inodes; stat -L -c '%i %n' "$@" 2>/dev/null

  if have ip; then
    section namespace -
    native='' more_files=$host_files sh -c "$in_namespace"
    routing
    if have nsenter; then in_one_go; fi
    section xfrm-state; ip xfrm state 2>/dev/null | cut_keys
    section xfrm-policy; ip xfrm policy 2>/dev/null | cut_keys
  fi

  if [ -n "$nft" ]; then section nft; nft -j list ruleset 2>/dev/null; printf '\n'; fi
  if have tc; then section queueing; tc -j -s qdisc show 2>/dev/null; printf '\n'; fi
  section kernel-log
  dmesg 2>/dev/null | grep -E "$kernel_words" | tail -n 100
  section setting-files
  set --
  for file in /usr/lib/sysctl.d/*.conf /run/sysctl.d/*.conf /etc/sysctl.d/*.conf /etc/sysctl.conf; do
    [ -r "$file" ] && set -- "$@" "$file"
  done
  [ $# -gt 0 ] && grep -H -E "^[[:space:]]*-?($settings)[[:space:]]*=" "$@"

  modules
  section sockets
  sockets tcp 0A
  sockets tcp6 0A
  sockets udp 07
  sockets udp6 07
  section end
}

main "$@" </dev/null
