#!/bin/sh
# Impairs what a host sends onto its underlays, see tc-netem(8). Arguments: of each underlay the host's address on it,
# then delay, loss, rate and reordering with their units, each empty where there is none.
while [ $# -gt 0 ]; do
  card=$(ip -o -4 addr show to "$1" | sed -n 's/^[0-9]*: *\([^ @:]*\).*/\1/p')
  [ -n "$card" ] || { echo "no interface has $1, whose packets are to be impaired"; exit 9; }
  tc qdisc replace dev "$card" root netem \
    ${2:+delay "$2"} ${3:+loss random "$3"} ${4:+rate "$4"} ${5:+reorder "$5"} ||
    { echo "$card cannot be impaired; it takes tc and the kernel module sch_netem"; exit 9; }
  shift 5
done
