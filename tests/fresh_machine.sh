#!/usr/bin/env bash
# Proves the README on a bare Debian 12: debootstraps one into a folder, gives it git, curl and this
# machine's Node.js, clones HEAD into it and runs the README's commands there, or those given.
#
#   tests/fresh_machine.sh [--keep FOLDER] [COMMAND...]     as root; needs debootstrap
#
# With --keep the machine stays in FOLDER and is used again as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

machine=""
keep=no
if [ "${1:-}" = "--keep" ]; then
  machine=$2
  keep=yes
  shift 2
fi
[ "$#" -gt 0 ] || set -- "npx --yes deno@2.9.6 task pipeline" "npx --yes deno@2.9.6 task test"
[ "$keep" = yes ] || machine=$(mktemp -d /var/tmp/brownout-machine-XXXXXX)
certificates=/etc/ssl/certs/ca-certificates.crt

leave() {
  for mounted in dev proc; do
    if mountpoint -q "$machine/$mounted"; then umount -l "$machine/$mounted"; fi
  done
  if [ "$keep" = no ]; then rm -rf --one-file-system "$machine"; fi
}
trap leave EXIT

if [ ! -x "$machine/usr/bin/node" ]; then
  mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources | head -n 1)
  debootstrap --variant=minbase --include=ca-certificates,curl,git bookworm "$machine" "$mirror"
  # The machine's own way to Debian's packages and its certificates, but none of what it installed.
  rm -f "$machine/etc/apt/sources.list"
  cp /etc/apt/sources.list.d/debian.sources "$machine/etc/apt/sources.list.d/"
  find /etc/apt/apt.conf.d -type f -newer /etc/debian_version -exec cp {} "$machine/etc/apt/apt.conf.d/" \;
  rm -rf "$machine"/var/lib/apt/lists/*
  cp -L "$certificates" "$machine$certificates"
  cp -L "$(command -v node)" "$machine/usr/bin/node"
  mkdir -p "$machine/usr/lib/node_modules"
  cp -a "$(npm root --global)/npm" "$machine/usr/lib/node_modules/"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$machine/usr/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$machine/usr/bin/npx"
fi
cp -L /etc/resolv.conf /etc/hosts "$machine/etc/"
mountpoint -q "$machine/proc" || mount -t proc proc "$machine/proc"
mountpoint -q "$machine/dev" || mount --rbind /dev "$machine/dev"

rm -rf "$machine/root/brownout"
git clone -q --no-hardlinks . "$machine/root/brownout"
for command in "$@"; do
  printf '\n$ %s\n' "$command"
  start=$SECONDS
  chroot "$machine" env -i HOME=/root TERM=dumb LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    SSL_CERT_FILE="$certificates" NODE_EXTRA_CA_CERTS="$certificates" DENO_TLS_CA_STORE=system \
    sh -c "cd /root/brownout && $command"
  printf '(%s s)\n' "$((SECONDS - start))"
done
