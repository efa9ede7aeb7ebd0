#!/usr/bin/env bash
# Fails when a package of NuGet or npm, direct or not, has a known fault. Asks both registries.
#
#   scan-packages.sh [LEVEL]     of npm's: low, moderate, high (default) or critical
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
level=${1:-high}
case $level in
  low | moderate | high | critical) ;;
  *) echo "scan-packages: the level is $level; use low, moderate, high or critical" >&2; exit 2 ;;
esac
failed=0

dotnet restore --locked-mode Veza.EventSourced.sln > /dev/null
# It exits with 0 even when it finds some.
found=$(dotnet list Veza.EventSourced.sln package --vulnerable --include-transitive --format json)
# shellcheck disable=SC2016 # JavaScript's
if ! node -e '
  const lines = [];
  for (const project of JSON.parse(require("node:fs").readFileSync(0, "utf8")).projects)
    for (const framework of project.frameworks ?? [])
      for (const of of [...(framework.topLevelPackages ?? []), ...(framework.transitivePackages ?? [])])
        lines.push(`${of.id} ${of.resolvedVersion}: ${(of.vulnerabilities ?? []).map(v => v.advisoryurl)}`);
  console.log(lines.length ? [...new Set(lines)].join("\n") : "no known fault in packages of NuGet");
  process.exit(lines.length ? 1 : 0);
' <<< "$found"; then failed=1; fi

while read -r lock; do
  echo "$lock"
  (cd "$(dirname "$lock")" && npm audit --audit-level "$level" --package-lock-only) || failed=1
done < <(git ls-files '*package-lock.json')
exit $failed
