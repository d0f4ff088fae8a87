#!/usr/bin/env bash
# make-root.sh SUITE DIR - the smallest root with Erlang/OTP and Elixir of a Debian suite: bookworm has OTP 25, trixie 27, sid 29.
# Packages are fetched from where this system's apt gets its own, checked by apt, and unpacked; nothing is installed.
set -euo pipefail
suite=$1
root=$(realpath -m "$2")
state=$root.apt
key=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' \
  /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 1p || true)
[ -n "$mirror" ] && [ -e "$key" ] || { echo "this needs Debian's apt with its sources and keyring" >&2; exit 2; }

mkdir -p "$state"/{lists/partial,cache/archives/partial,debs}
echo "deb [signed-by=$key] $mirror $suite main" >"$state/sources.list"
: >"$state/status"
apt=(apt-get -qq
  -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
  -o "Dir::State::lists=$state/lists" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache"
  -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none
  -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
  -o APT::Sandbox::User=root -o APT::Install-Recommends=false)
"${apt[@]}" update

erlang=(base dev crypto public-key asn1 ssl inets runtime-tools os-mon tools eunit syntax-tools parsetools mnesia common-test dialyzer)
# ncurses-base describes terminals: without it OTP 25 has no shell in one, and no -remsh.
wanted=(dash bash coreutils sed grep gawk busybox-static ncurses-base libjs-jquery libjs-jquery-tablesorter elixir "${erlang[@]/#/erlang-}")
# apt works out what is needed; of it, only Erlang itself and what it runs on is unpacked.
keep='^(erlang-.*|elixir|dash|bash|coreutils|sed|grep|gawk|busybox-static|mount|util-linux|libc6|libgcc-s1|libstdc[+][+]6|libtinfo6|ncurses-base|zlib1g|libssl.*|libsystemd0|libcap2|libgcrypt20|libgpg-error0|liblz4-1|liblzma5|libzstd1|libsctp1|libacl1|libattr1|libselinux1|libpcre2-8-0|libgmp10|libmpfr6|libreadline8.*|libsigsegv2|libblkid1|libmount1|libsmartcols1|libuuid1|libjs-jquery.*)$'
drop='^erlang-(wx|observer|debugger|et|doc|manpages|src|examples|jinterface|x11|megaco|diameter)$'
cd "$state/debs"
"${apt[@]}" -s install "${wanted[@]}" |
  awk -v keep="$keep" -v drop="$drop" '/^Inst/ && $2 ~ keep && $2 !~ drop { v = $3; sub(/^\(/, "", v); print $2 "=" v }' |
  sort -u >"$state/plan"
rm -f ./*.deb
mapfile -t packages <"$state/plan"
"${apt[@]}" download "${packages[@]}" </dev/null

rm -rf "$root"
mkdir -p "$root"/usr/{bin,sbin,lib,lib64,local}
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
for package in ./*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -C "$root" -x --keep-directory-symlink \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*'
done
[ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
for name in $("$root/usr/bin/busybox" --list); do
  [ -e "$root/usr/bin/$name" ] || [ -e "$root/usr/sbin/$name" ] || ln -s busybox "$root/usr/bin/$name"
done
[ -e "$root/usr/bin/awk" ] || ln -s gawk "$root/usr/bin/awk"
rm -rf "$state"
