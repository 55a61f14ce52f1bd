#!/bin/sh
# For ten minutes at most: restores the rules of the file `rules` once those of the engine are gone, and drops a port.
: "${folder?}" "${port?}"
looks=0
while [ "$looks" -lt 600 ]; do
  looks=$((looks + 1))
  [ -e "$folder/rules" ] || exit 0
  # Whichever chain the engine publishes ports in: its rule leads elsewhere.
  if ! iptables -w -t nat -S | grep -q -e "--dport $port .*-j DNAT"; then
    # Before the port is led on: nobody is answered in between.
    iptables -w -t raw -I PREROUTING -p tcp --dport "$port" -j DROP
    iptables-restore <"$folder/rules"
    : >"$folder/done"
    exit 0
  fi
  sleep 0.2
done
