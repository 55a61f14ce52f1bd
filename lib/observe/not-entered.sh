#!/bin/sh
# Says of the namespace `file` why it could not be entered. Engines leave the file of a namespace for a minute after they
# ended it: then it is a plain one, of another file system than nsfs.
: "${mark?}" "${file?}"
section() { printf '%s %s\n' "$mark" "$*"; }

printf '\n'
kind=$(stat -f -c %t "$file" 2>/dev/null)
case $kind in
  6e736673) section unreadable "$file" ;;
  ?*) section ended "$file" ;;
  *) if [ -e "$file" ]; then section unreadable "$file"; else section ended "$file"; fi ;;
esac
