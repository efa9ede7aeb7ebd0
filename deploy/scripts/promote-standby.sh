#!/usr/bin/env bash
# Fails over: makes the standby the primary, after the primary is lost. Later it makes the former primary a standby.
#
#   promote-standby.sh ENVIRONMENT [--to HOST]      fences the primary if it answers, promotes, prints how long it took
#   promote-standby.sh ENVIRONMENT --rejoin HOST    makes a stopped or former primary a standby of the present one
#       [--copy]                                    copies all data, although less might do
#
# Nodes of Veza whose DATABASE_URL names all database hosts find the new primary themselves. Without a standby nothing
# makes commits synchronous: --rejoin one soon.
#
# A primary that does not answer may still run. It cannot acknowledge a commit: those wait for the standby, which has
# left it. If commits were not synchronous, be sure that it is off before you run this.
set -euo pipefail
# shellcheck source=deploy/scripts/databases.sh
. "$(dirname "${BASH_SOURCE[0]}")/databases.sh"
name_of_script=promote-standby

usage() { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }

promotion_seconds_max=60
rejoin_seconds_max=600

[ $# -gt 0 ] || usage
read_databases "$1"
shift
to='' rejoin='' copy=false
while [ $# -gt 0 ]; do
  case $1 in
    --to) to=${2:?a host}; shift 2 ;;
    --rejoin) rejoin=${2:?a host}; shift 2 ;;
    --copy) copy=true; shift ;;
    *) usage ;;
  esac
done

# fence HOST: nothing on it takes a write from now on, nor after it boots.
fence() {
  # By systemd's name too, so that it stays stopped. Immediate: what it has not acknowledged is lost in any case.
  reach "$1" "systemctl mask --quiet --now $unit; pkill -QUIT -o -x postgres; ! pgrep -x postgres > /dev/null" ||
    reach "$1" "sleep 1; pkill -KILL -x postgres; sleep 0.2; ! pgrep -x postgres > /dev/null"
}

promote() {
  local started host standby=""
  started=$(date +%s.%N)
  declare -A states
  # All are asked at once: a lost host costs its whole time-out.
  local answers
  answers=$(mktemp -d)
  for host in $DATABASE_HOSTS; do state_of "$host" > "$answers/$host" & done
  wait
  for host in $DATABASE_HOSTS; do
    states[$host]=$(< "$answers/$host")
    say "$host is ${states[$host]}"
  done
  rm -r "$answers"

  standby=$to
  if [ -z "$standby" ]; then
    for host in $DATABASE_HOSTS; do [ "${states[$host]}" != standby ] || standby=${standby:-$host}; done
  fi
  [ -n "$standby" ] || fail "there is no standby to promote; restore.sh brings the data back from a backup"
  [ "${states[$standby]:-}" = standby ] || fail "$standby is ${states[$standby]:-no host of $DATABASE_HOSTS}"

  for host in $DATABASE_HOSTS; do
    if [ "${states[$host]}" = primary ]; then
      say "fencing $host"
      fence "$host" || fail "$host still runs PostgreSQL; end it before you promote another"
    fi
  done

  # What has arrived is replayed before the promotion ends.
  [ "$(ask "$standby" "select pg_promote(true, $promotion_seconds_max)")" = t ] ||
    fail "$standby was not promoted within $promotion_seconds_max s; see its log in /var/log/postgresql"
  # It writes a file and no transaction, so it does not wait for a standby itself.
  ask "$standby" "alter system set synchronous_standby_names = ''" > /dev/null
  ask "$standby" 'select pg_reload_conf()' > /dev/null
  for host in $DATABASE_HOSTS; do
    [ "$host" = "$standby" ] || make_slot "$standby" "$(name_of "$host")"
  done
  ask "$standby" 'create temporary table written as select 1' > /dev/null || fail "$standby takes no writes"
  say "$standby is primary, timeline $(timeline_of "$standby")," \
    "after $(awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $started }") s"
  # The new timeline is in the control file only after a checkpoint, and pg_rewind looks there.
  ask "$standby" checkpoint > /dev/null
  say "next: promote-standby.sh ENVIRONMENT --rejoin HOST, for each host that is no longer primary"
}

make_slot() {
  ask "$1" "select pg_create_physical_replication_slot('$2', true)
    where not exists (select from pg_replication_slots where slot_name = '$2')" > /dev/null
}

rejoin() {
  local host=$1 from started=$SECONDS
  from=$(primary "$host")
  reach "$host" true || fail "$host does not answer"
  make_slot "$from" "$(name_of "$host")"
  # In this order: rewind copies only what differs; a copy of the whole works from any state.
  # shellcheck disable=SC2087 # values of this side
  on "$host" bash -s <<TEXT || fail "$host could not be made a standby"
set -euo pipefail
cd /
systemctl mask --quiet --now $unit || true
pkill -QUIT -x -o postgres && sleep 1 || true
from='host=$from port=5432 user=replicator passfile=/var/lib/postgresql/.pgpass'
# A server that was killed cannot be rewound before it has recovered; pg_rewind starts it for that.
rewind() {
  [ -f $data/PG_VERSION ] && [ ! -f $data/standby.signal ] &&
    runuser -u postgres -- /usr/lib/postgresql/$POSTGRES_VERSION/bin/pg_rewind --target-pgdata=$data \\
      --config-file=/etc/postgresql/$POSTGRES_VERSION/$POSTGRES_CLUSTER/postgresql.conf --restore-target-wal \\
      --source-server="\$from dbname=postgres"
}
copy() {
  echo "rejoin: copying all data" >&2
  rm -rf $data.copy
  runuser -u postgres -- pg_basebackup --dbname="\$from" --pgdata=$data.copy \\
    --slot=$(name_of "$host") --wal-method=stream --checkpoint=fast
  rm -rf $data
  mv $data.copy $data
}
if $copy; then copy; elif [ ! -f $data/standby.signal ]; then rewind || copy; fi
runuser -u postgres -- touch $data/standby.signal
echo "The data of this host count. Ansible neither removes nor replaces them." \\
  > /etc/postgresql/$POSTGRES_VERSION/$POSTGRES_CLUSTER/joined
systemctl unmask --quiet $unit
systemctl start --no-block $unit
TEXT
  until [ "$(ask "$from" "select count(*) from pg_stat_replication
      where application_name = '$(name_of "$host")' and state = 'streaming'")" = 1 ]; do
    if [ $((SECONDS - started)) -gt $rejoin_seconds_max ]; then
      fail "$host does not stream within $rejoin_seconds_max s; see its log in /var/log/postgresql"
    fi
    sleep 0.5
  done
  local names='' other
  for other in $DATABASE_HOSTS; do names+=", $(name_of "$other")"; done
  ask "$from" "alter system set synchronous_standby_names = 'ANY 1 (${names#, })'" > /dev/null
  ask "$from" 'select pg_reload_conf()' > /dev/null
  say "$host is a standby of $from after $((SECONDS - started)) s; commits wait for it"
}

if [ -n "$rejoin" ]; then rejoin "$rejoin"; else promote; fi
