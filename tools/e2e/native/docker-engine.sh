#!/bin/sh
# docker-engine.sh DIRECTORY - a Docker engine of its own at DIRECTORY/sock, until standard input ends or SIGTERM comes; its log is standard error.
# Its process, network and mount namespaces hold everything that it and its containers make: the kernel ends all of it with the first
# process in there, by whatever cause, and what is left then are files. No route leads out, and no iptables rules are shared.
# Not `ip netns exec`: that hides /sys/fs/cgroup, which the engine needs.
directory=$1
group=$(basename "$directory")
trap : TERM INT HUP
new=
[ -e /opt/containerd ] || new=/opt/containerd
exec 3<&0
unshare --net --mount --pid --fork --kill-child --mount-proc sh -c '
  trap exit TERM INT HUP
  for place in /run /etc/docker; do
    [ ! -d "$place" ] || mount -t tmpfs tmpfs "$place" || exit
  done
  ip link set lo up || exit
  {
    dockerd --host "unix://$1/sock" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" \
      --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$2" \
      --bridge none --default-address-pool base=10.192.0.0/10,size=24 3<&-
    kill $$
  } &
  cat <&3 >/dev/null &
  wait $!' sh "$directory" "$group" </dev/null >&2
exec 3<&-
find "/sys/fs/cgroup/$group" /sys/fs/cgroup/*/"$group" -depth -type d -exec rmdir {} + 2>/dev/null
[ -z "$new" ] || rmdir "$new"/* "$new" 2>/dev/null
rm -rf "$directory"
