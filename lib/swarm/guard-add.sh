#!/bin/sh
# Arguments: FOLDER ENTRY...
folder=$1
shift
printf '%s\n' "$@" >>"$folder/made"
