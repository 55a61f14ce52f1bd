#!/bin/sh
: "${mark?}" "${program?}" "${seconds?}" "${known?}"
# Arguments: a word for each list, as engine-fields.pl takes them.
exec perl -e "$program" "$mark" "$seconds" "$known" "$@" </dev/null
