#!/usr/bin/env bash
# Brings the database back from a backup and the archived log, then media, and proves the result.
#
#   restore.sh ENVIRONMENT --latest            to the newest commit that the archive has
#   restore.sh ENVIRONMENT --to TIMESTAMP      to a moment: '2026-11-30 14:05:00+00'
#   restore.sh ENVIRONMENT --backup LABEL      to the end of a backup of pgbackrest info; of a month, with --repository
#     --repository N    takes the backup from this repository only (default: the first that works)
#     --host HOST       the host that becomes primary (default: the present primary, or the first that answers)
#     --lost-at TIME    the moment of the loss, for the printed RPO (default: the target, or now)
#     --no-media        leaves media as they are
#
# All database hosts are stopped first. What the host had is moved aside, not deleted. The recovery begins a new
# timeline, so live clients are sent epochChanged. Accounts that were erased after the moment are erased again: first
# their keys, before any node can reach the database, then the whole by `veza accounts erase`.
# A host that is bare is set up first: playbooks/site.yml --limit HOST --extra-vars postgres_restore=true
set -euo pipefail
# shellcheck source=deploy/scripts/databases.sh
. "$(dirname "${BASH_SOURCE[0]}")/databases.sh"
name_of_script=restore

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2; }

recovery_seconds_max=7200
stop_seconds_max=300

[ $# -gt 1 ] || usage
read_databases "$1"
shift
target='' label='' repository='' host='' lost_at='' media=true latest=false
while [ $# -gt 0 ]; do
  case $1 in
    --latest) latest=true; shift ;;
    --to) target=${2:?a moment}; shift 2 ;;
    --backup) label=${2:?a label}; shift 2 ;;
    --repository) repository=${2:?a number}; shift 2 ;;
    --host) host=${2:?a host}; shift 2 ;;
    --lost-at) lost_at=${2:?a moment}; shift 2 ;;
    --no-media) media=false; shift ;;
    *) usage ;;
  esac
done
$latest || [ -n "$target$label" ] || usage
started=$(date +%s)
if [ -n "$target" ]; then
  # In PostgreSQL's form, with a zone: without one the server's own would count.
  target=$(date -u -d "$target" '+%Y-%m-%d %H:%M:%S.%6N+00') || fail "--to: not a moment"
  [ "$(date -d "$target" +%s)" -le "$started" ] || fail "--to $target is in the future"
fi

choose_host() {
  local candidate
  [ -z "$host" ] || return 0
  host=$(primary '' 2> /dev/null) && return
  for candidate in $DATABASE_HOSTS; do
    if reach "$candidate" true 2> /dev/null; then host=$candidate; return; fi
  done
  fail "none of $DATABASE_HOSTS answers"
}

# The newest list of erased accounts and the newest log, while the server that is given up still runs.
keep_what_is_there() {
  local now
  now=$(primary '' 2> /dev/null) || { say "no primary answers; erasures come from the kept lists"; return; }
  reach "$now" veza-backup erasures || say "$now: the list of erasures could not be brought up to date"
  # It begins a new segment of the log, and waits until the last one is in the archive.
  on "$now" "cd / && runuser -u postgres -- pgbackrest --stanza=$BACKUP_STANZA check" < /dev/null ||
    say "$now: its newest commits did not reach the archive"
}

stop_databases() {
  local other
  for other in $DATABASE_HOSTS; do
    [ "$(state_of "$other")" != lost ] || continue
    # A server that stops in order archives first, which may take longer than any question.
    on "$other" "systemctl mask --quiet $unit; timeout $stop_seconds_max systemctl stop $unit
      ! pgrep -x postgres > /dev/null" < /dev/null || fail "$other still runs PostgreSQL"
  done
}

restore_database() {
  local options=(--stanza="$BACKUP_STANZA" --target-action=promote)
  if $latest; then
    options=(--stanza="$BACKUP_STANZA" --type=default)
  elif [ -n "$label" ]; then
    options+=(--type=immediate --set="$label")
  else
    options+=(--type=time --target="$target")
  fi
  [ -z "$repository" ] || options+=(--repo="$repository")
  # shellcheck disable=SC2087 # values of this side
  on "$host" bash -s <<TEXT || fail "$host: the restore failed; what it had is beside $data"
set -euo pipefail
cd /
if [ -e $data ]; then mv $data $data.before-$(date -u +%Y%m%dT%H%M%SZ); fi
install -d -o postgres -g postgres -m 700 $data
runuser -u postgres -- pgbackrest $(printf '%q ' "${options[@]}") restore
# It is alone: commits that wait for a standby would never return. --rejoin switches that on again.
echo "synchronous_standby_names = ''" >> $data/postgresql.auto.conf
# Nodes reach it only once no erased account's key is left. Questions of this script come by its socket.
echo "listen_addresses = ''" >> $data/postgresql.auto.conf
rm -f $data/standby.signal
echo "The data of this host count. Ansible neither removes nor replaces them." \\
  > /etc/postgresql/$POSTGRES_VERSION/$POSTGRES_CLUSTER/joined
systemctl unmask --quiet $unit
systemctl start --no-block $unit
TEXT
  local began=$SECONDS
  until [ "$(ask "$host" 'select pg_is_in_recovery()' 2> /dev/null)" = f ]; do
    if [ "$(reach "$host" "systemctl is-active $unit" 2> /dev/null)" = failed ]; then
      reach "$host" "tail -n 20 /var/log/postgresql/*.log" >&2 || true
      say "recovery failed; what the host had is beside $data"
      fail "is the moment before the backup's end, or after the last archived commit (--latest)?"
    fi
    if [ $((SECONDS - began)) -gt $recovery_seconds_max ]; then
      fail "recovery takes more than $recovery_seconds_max s; see /var/log/postgresql on $host"
    fi
    sleep 0.5
  done
  # Otherwise a standby that is copied from this host would stop at the same moment.
  local setting
  for setting in $(ask "$host" "select distinct name from pg_file_settings where sourcefile like '%auto.conf'
      and (name like 'recovery_target%' or name = 'restore_command')"); do
    ask "$host" "alter system reset $setting" > /dev/null
  done
  ask "$host" checkpoint > /dev/null
}

# list_erasures: two lists, either of which may be lost with its disks: what backup.sh keeps, and what nodes recorded
# beside media.
list_erasures() {
  reach "$host" "cat $BACKUP_PATH/erasures" 2> /dev/null || true
  [ -z "$app" ] || on "$app" veza accounts erased < /dev/null
}

destroy_keys() {
  [ -s "$erasures" ] || return 0
  {
    echo "create temporary table listed (owner text);"
    echo "copy listed from stdin;"
    cat "$erasures"
    echo '\.'
    echo "update log.keys set wrapped = null, destroyed = now()
      where destroyed is null and owner in (select owner::uuid from listed);"
  } | on "$host" "cd / && runuser -u postgres -- psql --no-psqlrc -Xq -v ON_ERROR_STOP=1 veza"
}

open_to_nodes() {
  ask "$host" 'alter system reset listen_addresses' > /dev/null
  # It returns when the server takes connections.
  on "$host" "systemctl restart $unit" < /dev/null || fail "$host does not start again; see /var/log/postgresql"
}

# erase_again: by the product's own command: sessions, names, read models and files too. Prints what became of each.
erase_again() { list_erasures | sort -u - "$erasures" | on "$app" veza accounts erase --from -; }

veza_host() {
  local candidate
  for candidate in $VEZA_HOSTS; do
    if reach "$candidate" test -x /usr/local/bin/veza 2> /dev/null; then echo "$candidate"; return; fi
  done
  return 1
}

say "to $($latest && echo 'the newest commit' || echo "${target:-the end of $label}")"
choose_host
app=$(veza_host) || say "no host of Veza answers"
keep_what_is_there
erasures=$(mktemp)
trap 'rm -f "$erasures"' EXIT
list_erasures | sort -u > "$erasures" || say "$app: erasures recorded beside media will be repeated only at the end"
stop_databases
restore_database
# Before the restart, after which no server knows it.
last=$(ask "$host" "select to_char(pg_last_xact_replay_timestamp() at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US')")
destroy_keys || fail "keys of erased accounts could not be destroyed; $host stays closed to nodes: run this again"
open_to_nodes
database_seconds=$(($(date +%s) - started))
say "$host is primary, timeline $(timeline_of "$host")"

head=$(ask "$host" "select coalesce(max(seq_id), 0) from log.mt_events" veza 2> /dev/null || echo unknown)

erased="not yet"
if [ -n "$app" ]; then
  if $media; then on "$app" veza-restore-media "${target:-now}" || fail "media are not complete"; fi
  # After media, which have the second list.
  erased=$(erase_again) || fail "not all erased accounts are erased again: veza accounts erased and erase"
  on "$app" veza verify || fail "the log is not sound"
else
  say "next, on a host of Veza: restore-media.sh, veza accounts erase --from $BACKUP_PATH/erasures, veza verify"
fi

seconds=$(($(date +%s) - started))
: "${lost_at:=${target:-@$started}}"
if [ -n "$last" ]; then
  rpo=$(awk "BEGIN { printf \"%.1f\", $(date -d "$lost_at" +%s.%N) - $(date -d "${last}Z" +%s.%N) }")
fi
cat <<TEXT
host             $host
position         $head
last commit      ${last:-unknown}
RPO              ${rpo:-unknown} s from the last commit to $(date -u -d "$lost_at" '+%Y-%m-%d %H:%M:%S')
erasures         $(paste -sd, <<< "$erased" | tr -s ' ')
RTO              $seconds s ($database_seconds s until the database took writes)
TEXT
say "next: a full backup (backup.sh ENVIRONMENT full), and promote-standby.sh ENVIRONMENT --rejoin HOST for the others"
