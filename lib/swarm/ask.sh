#!/bin/sh
if timeout 5 true 2>/dev/null; then
  ask() { timeout 90 docker "$@" 2>/dev/null </dev/null; }
else
  ask() { docker "$@" 2>/dev/null </dev/null; }
fi
