#!/bin/sh
# Run in a network namespace that is thrown away. The algorithm is the one swarm encrypts with.
try() { "$@" >/dev/null 2>&1; }
if try ip link add swpvxlan type vxlan id 4242 dstport 4789; then echo builtin vxlan; fi
if try ip link add swpbridge type bridge; then echo builtin bridge; fi
if try ip link add swpveth type veth peer name swppeer; then echo builtin veth; fi
if [ -d /proc/sys/net/bridge ]; then echo builtin br_netfilter; fi
if try ip xfrm state; then echo builtin xfrm_user; fi
if try ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode transport \
  aead 'rfc4106(gcm(aes))' 0x000102030405060708090a0b0c0d0e0f10111213 64; then echo builtin esp4; fi
if try ipvsadm -A -f 1 -s rr; then echo builtin ip_vs; echo builtin ip_vs_rr; fi
if try iptables -t mangle -A OUTPUT -m bpf --bytecode '1,6 0 0 0' -j ACCEPT; then echo builtin xt_bpf; fi
if try iptables -t mangle -A OUTPUT -m u32 --u32 '0=0' -j ACCEPT; then echo builtin xt_u32; fi
true
