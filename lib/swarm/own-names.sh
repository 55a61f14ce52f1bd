#!/bin/sh
: "${any_prefix?}"
named() { printf '%s\n' "$2" | sed -n "/^[^ ]* ${1:-$any_prefix}-/p"; }
alone() { printf '%s\n' "$2" | sed -n "s/ *$//; /^[^ ]* [^ ]*$/!d; /^[^ ]* swp-/{/^[^ ]* ${1:-$any_prefix}-/!d;}; p"; }
