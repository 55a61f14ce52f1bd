#!/bin/sh
# One process besides the shell's: what asks how busy a host is must be hardly any work for it.
: "${files?}"
# shellcheck disable=SC2086 # words
grep -sHEv '^(intr|softirq)' $files
