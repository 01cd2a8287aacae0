#!/usr/bin/env bash
# Publishes the release TAG on GitHub with all its files: as a draft first, so that nobody sees a half of it. One that is
# published already stays as it is, so that a run that broke off can be run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
draft=$(gh release view "$TAG" --json isDraft --jq .isDraft 2>/dev/null || echo missing)
if [ "$draft" = false ]; then
  echo "the release $TAG is there"
  exit 0
fi
if [ "$draft" = missing ]; then
  gh release create "$TAG" --draft --verify-tag --title "$TAG" --notes-file dist/publish/notes.md
fi
gh release upload "$TAG" --clobber dist/release/*
gh release edit "$TAG" --draft=false --latest
echo "released $TAG"
