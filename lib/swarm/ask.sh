#!/bin/sh
# engine is for a process of its own, which it becomes: its id is that of what a signal ends.
if timeout 5 true 2>/dev/null; then
  engine() { exec timeout 90 docker "$@" 2>/dev/null </dev/null; }
else
  engine() { exec docker "$@" 2>/dev/null </dev/null; }
fi
ask() { (engine "$@"); }
