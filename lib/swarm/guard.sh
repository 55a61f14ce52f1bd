#!/bin/sh
mode=$1
shift
case $mode in
  clean) clean "$@" ;;
  watch) watch "$@" ;;
  *) exit 64 ;;
esac
