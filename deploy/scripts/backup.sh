#!/usr/bin/env bash
# Backs up Veza: the database to its repositories, media, secrets, and the list of erased accounts.
#
#   backup.sh full|differential|incremental [--repository N]   the database (this host must have it)
#   backup.sh monthly --repository N                           a full backup, into the repository of the months
#   backup.sh check            the log reaches all repositories, and each backup there is whole
#   backup.sh erasures         the list of erased accounts, which a restore erases again
#   backup.sh media            new files are copied, removed ones are kept aside for BACKUP_KEEP_DAYS
#   backup.sh media-check      every copied file is read, and its SHA-256 compared with the list
#   backup.sh secrets          encrypted for BACKUP_RECIPIENT (age)
#   backup.sh ENVIRONMENT ...  the same on the host of deploy/environments/ENVIRONMENT.env whose task it is
#
# Settings are in /etc/veza/backup.env. On a standby it does nothing: timers run on all hosts, and the primary backs up.
# Exits with 0 when all is safe; each success is a metric for node_exporter's textfile collector.
set -euo pipefail

say() { echo "backup: $*" >&2; }
fail() { say "$*"; exit 1; }

verb=${1:-help}
case $verb in
  full | differential | incremental | monthly | check | erasures | media | media-check | secrets) shift ;;
  help | --help | -h) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 2 ;;
  *)
    # shellcheck source=deploy/scripts/databases.sh
    . "$(dirname "${BASH_SOURCE[0]}")/databases.sh"
    read_databases "$verb"
    shift
    case ${1:-} in
      media* | secrets) on "${VEZA_HOSTS%% *}" veza-backup "$@" ;;
      *) on "$(primary '')" veza-backup "$@" ;;
    esac
    exit
    ;;
esac

# shellcheck source=/dev/null
. "${BACKUP_SETTINGS:-/etc/veza/backup.env}"
: "${BACKUP_STANZA:=veza}" "${BACKUP_DATABASE:=veza}" "${BACKUP_PATH:?the folder of backups, on other disks}"
: "${BACKUP_KEEP_DAYS:=30}" "${TEXTFILE_FOLDER:=/var/lib/prometheus/node-exporter}"

as_postgres() { (cd / && runuser -u postgres -- "$@"); }
ask() { as_postgres psql --no-psqlrc -XAtq -v ON_ERROR_STOP=1 -c "$1" "${2:-$BACKUP_DATABASE}"; }

# succeeded REPOSITORY TYPE: one file a series, because each is written by another run.
succeeded() {
  [ -d "$TEXTFILE_FOLDER" ] || return 0
  local file=$TEXTFILE_FOLDER/veza_backup_$1_$2.prom
  cat > "$file.$$" <<TEXT
# HELP veza_backup_last_success_timestamp_seconds When a backup of this kind last ended well.
# TYPE veza_backup_last_success_timestamp_seconds gauge
veza_backup_last_success_timestamp_seconds{repository="$1",type="$2"} $(date +%s)
TEXT
  chmod 644 "$file.$$"
  mv "$file.$$" "$file"
}

need_primary() {
  [ "$(ask 'select pg_is_in_recovery()' postgres)" = f ] || { say "this is a standby; the primary backs up"; exit 0; }
}

repositories() {
  as_postgres pgbackrest --stanza="$BACKUP_STANZA" --output=json info |
    python3 -c 'import json, sys; print(*[repo["key"] for repo in json.load(sys.stdin)[0]["repo"]])'
}

# write_erasures: the list only grows, also when the database has been restored to a time before an erasure.
write_erasures() {
  local list=$BACKUP_PATH/erasures
  [ "$(ask "select to_regclass('log.keys') is not null")" = t ] || return 0
  mkdir -p "$BACKUP_PATH"
  exec 9> "$list.lock"
  flock 9
  touch "$list"
  ask "select owner from log.keys where destroyed is not null" | sort -u - "$list" > "$list.part"
  sync "$list.part"
  mv "$list.part" "$list"
  succeeded erasures erasures
}

back_up_database() {
  local type=$1 wanted=${BACKUP_REPOSITORIES:-}
  shift
  [ -n "$wanted" ] || wanted=$(repositories)
  while [ $# -gt 0 ]; do
    case $1 in
      --repository) wanted=${2:?number of a repository}; shift 2 ;;
      *) fail "unknown argument $1" ;;
    esac
  done
  [[ $type != monthly || $wanted =~ ^[0-9]+$ ]] || fail "monthly needs --repository N"
  local repository short=${type/differential/diff}
  short=${short/incremental/incr}
  short=${short/monthly/full}
  write_erasures
  for repository in $wanted; do
    as_postgres pgbackrest --stanza="$BACKUP_STANZA" --repo="$repository" --type="$short" backup
    succeeded "$repository" "$type"
  done
}

check_database() {
  local repository
  as_postgres pgbackrest --stanza="$BACKUP_STANZA" check
  for repository in $(repositories); do
    # Reads every file of every backup and compares its checksum. It reports faults in its output, not by its code.
    local found
    found=$(as_postgres pgbackrest --stanza="$BACKUP_STANZA" --repo="$repository" --log-level-console=info verify)
    if grep -E 'invalid|missing|status: error' <<< "$found" >&2; then fail "repository $repository has faults"; fi
    succeeded "$repository" check
  done
}

# Lists a bucket by the thousand objects, and not folder by folder: each track is one.
export RCLONE_FAST_LIST=true

# The list has each file's SHA-256. Files of media never change, so only new ones are read.
back_up_media() {
  local from=$BACKUP_MEDIA_FROM to=$BACKUP_MEDIA_TO work list
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$work'" EXIT
  list=$work/media.sha256
  # Of a bucket without one, rclone copies nothing and is content.
  rclone copyto "$to/media.sha256" "$list" 2> /dev/null || true
  touch "$list"
  rclone lsf --recursive --files-only "$from" | LC_ALL=C sort > "$work/now"
  sed 's/^[0-9a-f]*  //' "$list" | LC_ALL=C sort > "$work/known"
  LC_ALL=C comm -23 "$work/now" "$work/known" > "$work/new"
  {
    awk 'NR == FNR { now[$0]; next } substr($0, 67) in now' "$work/now" "$list"
    if [ -s "$work/new" ]; then rclone hashsum sha256 --download --files-from-raw "$work/new" "$from"; fi
  } | LC_ALL=C sort -k 2 > "$list.new"
  # A file that has vanished since is of no account: it was removed.
  rclone sync --checksum --backup-dir "$to/removed/$(date -u +%Y-%m-%d)" "$from" "$to/files"
  rclone copyto "$list.new" "$to/media.sha256"
  rclone delete --min-age "${BACKUP_KEEP_DAYS}d" "$to/removed" 2> /dev/null || true
  say "media: $(wc -l < "$list.new") files, $(wc -l < "$work/new") of them new"
  succeeded media media
}

check_media() {
  local list
  list=$(mktemp)
  # shellcheck disable=SC2064 # the file of now
  trap "rm -f '$list'" EXIT
  rclone copyto "$BACKUP_MEDIA_TO/media.sha256" "$list"
  rclone checksum sha256 --download "$list" "$BACKUP_MEDIA_TO/files"
  succeeded media media-check
}

back_up_secrets() {
  local to=$BACKUP_PATH/secrets file
  : "${BACKUP_RECIPIENT:?the public key that secrets are encrypted for (age-keygen makes a pair)}"
  file=$to/$(hostname)-$(date -u +%Y%m%dT%H%M%SZ).tar.age
  mkdir -p "$to"
  (cd / && tar -c --ignore-failed-read etc/veza 2> /dev/null) | (umask 077 && age -r "$BACKUP_RECIPIENT" > "$file.part")
  mv "$file.part" "$file"
  find "$to" -name "$(hostname)-*.tar.age" -mtime "+$BACKUP_KEEP_DAYS" -delete
  say "secrets: $file"
  succeeded secrets secrets
}

case $verb in
  full | differential | incremental | monthly) need_primary; back_up_database "$verb" "$@" ;;
  check) need_primary; check_database ;;
  erasures) need_primary; write_erasures ;;
  media) back_up_media ;;
  media-check) check_media ;;
  secrets) back_up_secrets ;;
esac
