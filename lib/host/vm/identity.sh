#!/bin/sh
: "${host_name?}" "${machine_id?}" "${hosts?}" "${start?}" "${after_identity?}"
: "${host_private_key?}" "${host_public_key?}" "${client_public_key?}"
umask 077
mkdir -p /root/.ssh /etc/swarmproof /var/lib/dbus
printf %s "$host_private_key" >/etc/ssh/ssh_host_ed25519_key
printf %s "$host_public_key" >/etc/ssh/ssh_host_ed25519_key.pub
printf %s "$client_public_key" >/root/.ssh/authorized_keys
umask 022
echo "$machine_id" >/etc/machine-id
echo "$host_name" >/etc/hostname
echo "$hosts" >/etc/hosts
printf %s "$start" >/etc/swarmproof/start.sh
[ ! -x "$after_identity" ] || "$after_identity"
sh -e /etc/swarmproof/start.sh
# Nothing in a guest is init's business but swarmproof's; what a hard reboot takes must be there to be typed.
[ -x /sbin/reboot ] || ln -sf /bin/busybox /usr/local/sbin/reboot
# A machine that is reset a moment later must find itself on its disk.
sync >/dev/null 2>&1 &
