import { type Script, sh } from '../../script.ts'
import { probeImageFile } from '../../setup/probe-image-archive.ts'

/** What the host's first process prints when its engine is being started. */
export const hostIsUp = 'swarmproof-host-up'

/** Where a host says which parts of the kernel were seen to work; read by `lib/observe`. */
const kernelFile = '/etc/swarmproof/kernel-modules'

/**
 * What runs in a host container as process 1: makes writable what an engine writes to, and starts it. `$1` is the
 * address its resolver asks.
 *
 * A write to /proc/sysrq-trigger would restart the machine all containers share, so what writes there hits nothing.
 * The engine's own nameserver at 127.0.0.11 cannot be asked from the namespaces of tasks.
 */
export const hostInit = sh`
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
if [ -e /proc/sysrq-trigger ]; then
  mount --bind /dev/null /proc/sysrq-trigger || { echo "/proc/sysrq-trigger cannot be covered"; exit 7; }
fi
for point in /proc/sys /sys $(sed -n -E 's#^([^ ]+ ){4}(/sys/fs/cgroup[^ ]*) .*#\2#p' /proc/self/mountinfo); do
  mount -o remount,bind,rw "$point" 2>/dev/null || [ -w "$point" ] || echo "$point cannot be written to"
done
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  while read -r pid; do echo "$pid" >/sys/fs/cgroup/init/cgroup.procs; done </sys/fs/cgroup/cgroup.procs 2>/dev/null
  sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi
echo "nameserver $1" >/etc/resolv.conf
mkdir -p /var/log /etc/swarmproof
dockerd --host unix:///var/run/docker.sock >>/var/log/dockerd.log 2>&1 </dev/null &
echo ${hostIsUp}
while :; do sleep 3600 & wait $!; done
`

/**
 * Which of the kernel's parts a swarm needs work, tried in a network namespace that is thrown away: a container sees
 * neither the modules that could be loaded nor what is built in. Prints `builtin NAME` for what works. The
 * algorithm is the one swarm encrypts with.
 */
export const kernelTrial = sh`
unshare -n sh -c '
  try() { "$@" >/dev/null 2>&1; }
  try ip link add swpvxlan type vxlan id 4242 dstport 4789 && echo builtin vxlan
  try ip link add swpbridge type bridge && echo builtin bridge
  try ip link add swpveth type veth peer name swppeer && echo builtin veth
  [ -d /proc/sys/net/bridge ] && echo builtin br_netfilter
  try ip xfrm state && echo builtin xfrm_user
  try ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode transport aead "rfc4106(gcm(aes))" 0x000102030405060708090a0b0c0d0e0f10111213 64 && echo builtin esp4
  try ipvsadm -A -f 1 -s rr && echo builtin ip_vs && echo builtin ip_vs_rr
  try iptables -t mangle -A OUTPUT -m bpf --bytecode "1,6 0 0 0" -j ACCEPT && echo builtin xt_bpf
  try iptables -t mangle -A OUTPUT -m u32 --u32 "0=0" -j ACCEPT && echo builtin xt_u32
  true'
`

/** Waits for the engine of a host, gives it the probe image and runs it once, and tells what the kernel can. */
export function warmUpScript(probeImageTag: string): Script {
  return sh`
n=0
until docker info >/dev/null 2>&1; do
  pgrep -x dockerd >/dev/null || { echo "the engine ended"; tail -n 25 /var/log/dockerd.log; exit 3; }
  n=$((n + 1)); [ $n -lt 400 ] || { echo "the engine does not answer"; tail -n 25 /var/log/dockerd.log; exit 4; }
  sleep 0.25
done
docker image inspect ${probeImageTag} >/dev/null 2>&1 ||
  docker load --quiet --input ${probeImageFile} >/dev/null || exit 5
docker run --rm --pull never --network none ${probeImageTag} true || { tail -n 25 /var/log/dockerd.log; exit 6; }
{${kernelTrial}} >${kernelFile}
cat ${kernelFile}
`
}
