#!/bin/sh
# Argument: FOLDER
# Numbers of beats come on standard input; each is written down and said again. No beat is a process of its own.
exec 3>"$1/line"
while read -r beat && [ -e "$1/watch" ]; do
  echo "$beat" 1<>"$1/beat" && echo "$beat"
done
