#!/bin/sh
# Prints the targets of a Makefile with what stands behind their ##.
set -eu
echo "Pricefleet: prices from web sites, kept by a fleet of small workers. Start with: make demo"
echo
sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)$/\1\t\2/p' "$@" | while IFS="$(printf '\t')" read -r target words; do
  printf '  make %-12s %s\n' "$target" "$words"
done
