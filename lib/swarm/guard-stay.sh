#!/bin/sh
# Argument: FOLDER
[ ! -e "$1/made" ] || { sed '/^swarm /d; /^bridge /d; /^formed /d' "$1/made" >"$1/made.new" && mv "$1/made.new" "$1/made"; }
