#!/usr/bin/env bash
# Publishes the packages of npm, that of the launcher last: it must never be there without those that it wants. What is
# published already is passed over, so that a run that broke off can be run again.
set -euo pipefail
if [ -z "${NODE_AUTH_TOKEN:-}" ]; then
  echo "not published to npm: there is no secret NPM_TOKEN"
  exit 0
fi
cd "$(dirname "$0")/../../dist/publish/npm"
while IFS= read -r folder; do
  name=$(node -p "require('./$folder/package.json').name")
  version=$(node -p "require('./$folder/package.json').version")
  if [ "$(npm view "$name@$version" version 2>/dev/null)" = "$version" ]; then
    echo "$name $version is there"
  else
    chmod +x "$folder"/bin/mcp-bridge "$folder"/launcher.cjs 2>/dev/null || true
    npm publish "./$folder" --access public --provenance
  fi
done <order.txt
