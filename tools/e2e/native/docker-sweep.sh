#!/bin/sh
# docker-sweep.sh LABEL DOCKER... - when standard input ends or SIGTERM comes, removes the containers and networks with a label.
label=$1
shift
trap : TERM INT HUP
cat >/dev/null
for container in $("$@" ps --all --quiet --filter "label=$label"); do "$@" rm --force --volumes "$container"; done
for network in $("$@" network ls --quiet --filter "label=$label"); do "$@" network rm "$network"; done
