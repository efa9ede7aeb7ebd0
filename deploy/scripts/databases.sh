#!/usr/bin/env bash
# What backup.sh, restore.sh and promote-standby.sh share: the database hosts of an environment, and what runs there.
# To be read by these, not run.
# shellcheck disable=SC2034 # data and unit are for the scripts that read this file
set -euo pipefail
# shellcheck source=deploy/scripts/environment.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/environment.sh"

# read_databases NAME: the environment, as read_environment does, and its database hosts.
read_databases() {
  read_environment "$1"
  : "${SSH_COMMAND:=ssh -o BatchMode=yes}" "${DATABASE_HOSTS:=db1 db2}" "${VEZA_HOSTS:=}"
  : "${POSTGRES_VERSION:=15}" "${POSTGRES_CLUSTER:=main}" "${BACKUP_STANZA:=veza}" "${BACKUP_PATH:=/srv/shared/backup}"
  data=/var/lib/postgresql/$POSTGRES_VERSION/$POSTGRES_CLUSTER
  unit=postgresql@$POSTGRES_VERSION-$POSTGRES_CLUSTER.service
}

# A host that does not answer within this counts as lost.
reach_seconds_max=5

# on HOST COMMAND...: as root; arguments as ssh joins them.
on() {
  local host=$1
  shift
  # shellcheck disable=SC2086 # a command with options
  $SSH_COMMAND -o ConnectTimeout=$reach_seconds_max -o ServerAliveInterval=5 -o ServerAliveCountMax=3 "$host" "$@"
}

# reach HOST COMMAND...: as on, with an end also when the host hangs.
reach() {
  local host=$1
  shift
  local seconds=$((reach_seconds_max + 5)) code=0
  # shellcheck disable=SC2086 # a command with options
  timeout $seconds $SSH_COMMAND -o ConnectTimeout=$reach_seconds_max "$host" "$@" < /dev/null || code=$?
  # Otherwise a script that ends here would not say why.
  [ $code -ne 124 ] || echo "$host did not answer within $seconds s" >&2
  return $code
}

# ask HOST SQL [DATABASE]: one answer.
ask() {
  # Quoted once for the other side's shell.
  local psql="runuser -u postgres -- psql --no-psqlrc -XAtq -v ON_ERROR_STOP=1"
  reach "$1" "cd / && $psql -c $(printf %q "$2") ${3:-postgres}"
}

# state_of HOST: primary, standby, stopped or lost.
state_of() {
  local answer
  if answer=$(ask "$1" 'select pg_is_in_recovery()' 2> /dev/null); then
    [ "$answer" = t ] && echo standby || echo primary
  elif reach "$1" true 2> /dev/null; then
    echo stopped
  else
    echo lost
  fi
}

# timeline_of HOST: of a primary, as hexadecimal digits. The control file would show it only after a checkpoint.
timeline_of() { ask "$1" 'select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)'; }

# primary [EXCEPT]: the host that takes writes. A former primary that was booted again has an older timeline.
primary() {
  local host found='' timeline newest=''
  for host in $DATABASE_HOSTS; do
    [ "$host" != "${1:-}" ] || continue
    timeline=$(ask "$host" "select case when pg_is_in_recovery() then '' else
      substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end" 2> /dev/null) || continue
    if [[ $timeline > $newest ]]; then
      newest=$timeline
      found=$host
    fi
  done
  [ -n "$found" ] || { echo "none of $DATABASE_HOSTS is primary" >&2; return 1; }
  echo "$found"
}

# name_of HOST: its slot and cluster_name, as the role postgres makes it of the inventory's name.
name_of() { sed 's/.*@//; s/[^a-z0-9_]/_/g' <<< "$1"; }
