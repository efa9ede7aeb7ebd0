#!/usr/bin/env bash
# What must work after a release, in a few requests that change nothing.
#
#   smoke-tests.sh ENVIRONMENT|URL [OPTION OF CURL]...     such as --cacert FILE
#
# With SMOKE_LOGIN and SMOKE_PASSWORD also signs in and follows live topics. Needs only curl, and no other file when
# given a URL: deploy.sh sends it to the nodes.
set -euo pipefail

[ $# -ge 1 ] || { echo "smoke-tests: smoke-tests.sh ENVIRONMENT|URL [OPTION OF CURL]..." >&2; exit 2; }
url=$1
shift
if [[ $url != http*://* ]]; then
  name_of_script=smoke-tests
  # shellcheck source=deploy/scripts/environment.sh
  . "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/environment.sh"
  read_environment "$url"
  url=$PUBLIC_URL
  # shellcheck disable=SC2086 # options
  set -- $SMOKE_OPTIONS "$@"
fi
url=${url%/}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
failed=0

# expect STATUS TEXT PATH [OPTION OF CURL]...: the answer has this status and contains this text.
expect() {
  local status=$1 text=$2 path=$3 got
  shift 3
  got=$(curl --silent --max-time 15 --output "$answer" --write-out '%{http_code}' "${options[@]}" "$@" \
    "$url$path") || true
  if [[ ! $got =~ ^$status$ ]] || { [ -n "$text" ] && ! grep -q -- "$text" "$answer"; }; then
    echo "smoke-tests: $url$path: $got instead of $status with '$text': $(head -c 300 "$answer")" >&2
    failed=1
  fi
}
options=("$@")

expect 200 '"status":"\(healthy\|degraded\)"' /health/ready
expect 200 '"status"' /health/live
expect 200 '"openapi"' /openapi/v1.json
# Closed to who is not signed in, with a problem that clients understand.
expect 401 '/problems/' /api/v1/communities
# Monitoring's numbers are not public.
expect '40[134]' '' /metrics
if [ -n "${SMOKE_LOGIN:-}" ]; then
  expect 200 accessToken /api/v1/sessions --header 'Content-Type: application/json' \
    --data "{\"login\":\"$SMOKE_LOGIN\",\"password\":\"$SMOKE_PASSWORD\"}"
  token=$(grep -o '"accessToken":"[^"]*' "$answer" | cut -d '"' -f 4 || true)
  options+=(--header "Authorization: Bearer $token")
  expect 200 '"items"' /api/v1/communities
fi
exit $failed
