#!/usr/bin/env bash
# Brings media back from their backup, and proves each file by its SHA-256. Runs on a host of Veza.
#
#   restore-media.sh [SINCE]     also what was removed since that moment (default: nothing that was removed)
#
# Files that are there are left. What a log of that moment no longer needs is removed by Veza itself.
set -euo pipefail
# shellcheck source=/dev/null
. "${BACKUP_SETTINGS:-/etc/veza/backup.env}"
# Lists a bucket by the thousand objects, and not folder by folder: each track is one.
export RCLONE_FAST_LIST=true
since=$(date -u -d "${1:-now}" +%Y-%m-%d)

list=$(mktemp)
trap 'rm -f "$list"' EXIT
if ! rclone copyto "$BACKUP_MEDIA_TO/media.sha256" "$list" 2> /dev/null || [ ! -s "$list" ]; then
  echo "restore-media: there is no backup of media" >&2
  exit 0
fi
for day in $({ rclone lsf --recursive --files-only "$BACKUP_MEDIA_TO/removed" 2> /dev/null || true; } |
  cut -d / -f 1 | sort -u); do
  [[ ${1:-now} == now || $day < $since ]] ||
    rclone copy --ignore-existing "$BACKUP_MEDIA_TO/removed/$day" "$BACKUP_MEDIA_FROM"
done
rclone copy --checksum "$BACKUP_MEDIA_TO/files" "$BACKUP_MEDIA_FROM"
# A folder's owner is Veza, whose files these are.
[ ! -d "$BACKUP_MEDIA_FROM" ] || chown -R --reference="$BACKUP_MEDIA_FROM" "$BACKUP_MEDIA_FROM"
rclone checksum sha256 --download --one-way "$list" "$BACKUP_MEDIA_FROM" 2> >(tail -n 3 >&2)
echo "restore-media: $(wc -l < "$list") files, each with its checksum" >&2
