#!/bin/sh
# The journal lies below the machine's id and is read from there alone: it begins again under the new one.
: "${login?}"
set -e
install -d -m 700 -o "$login" -g "$login" "/home/$login/.ssh"
install -m 600 -o "$login" -g "$login" /root/.ssh/authorized_keys "/home/$login/.ssh/authorized_keys"
systemctl restart systemd-journald.service
