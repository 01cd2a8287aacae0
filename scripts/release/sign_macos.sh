#!/usr/bin/env bash
# Signs the executables for macOS with the Developer ID in CERTIFICATE (base64 of a .p12), and has Apple notarise them.
# Without a secret that step is skipped, and said to be. The identifier stays the same for ever: the keychain knows us by it.
set -euo pipefail
if [ -z "${CERTIFICATE:-}" ]; then
  echo "not signed: there is no secret MACOS_CERTIFICATE; the executables keep a signature that names nobody"
  exit 0
fi
cd "$(dirname "$0")/../.."
chmod +x dist/targets/darwin-*/mcp-bridge
work=$(mktemp -d)
keychain="$work/sign.keychain-db"
# Secrets go from here into files of this folder alone, and away with it.
trap 'security delete-keychain "$keychain" 2>/dev/null; rm -rf "$work"' EXIT
password=$(openssl rand -hex 24)
printf '%s' "$CERTIFICATE" | base64 --decode >"$work/certificate.p12"
security create-keychain -p "$password" "$keychain"
security set-keychain-settings -lut 3600 "$keychain"
security unlock-keychain -p "$password" "$keychain"
security import "$work/certificate.p12" -k "$keychain" -P "$CERTIFICATE_PASSWORD" -T /usr/bin/codesign
security set-key-partition-list -S apple-tool:,apple: -s -k "$password" "$keychain" >/dev/null
security list-keychains -d user -s "$keychain" login.keychain-db
for file in dist/targets/darwin-*/mcp-bridge; do
  codesign --force --timestamp --options runtime --identifier io.github.mcp-bridge \
    --entitlements scripts/release/entitlements.plist --keychain "$keychain" --sign "$IDENTITY" "$file"
  codesign --verify --strict --verbose=2 "$file"
  echo "signed $file"
done
if [ -z "${NOTARY_KEY:-}" ]; then
  echo "not notarised: there is no secret MACOS_NOTARY_KEY"
  exit 0
fi
printf '%s' "$NOTARY_KEY" >"$work/key.p8"
apple=(--key "$work/key.p8" --key-id "$NOTARY_KEY_ID" --issuer "$NOTARY_ISSUER")
for file in dist/targets/darwin-*/mcp-bridge; do
  ditto -c -k "$file" "$work/notarise.zip"
  # A program by itself takes no ticket; macOS asks Apple for it at the first start.
  # Apple's no is no failure of this program: it says so in its answer alone.
  xcrun notarytool submit "$work/notarise.zip" --wait --timeout 20m --output-format json "${apple[@]}" >"$work/answer.json" || true
  status=$(plutil -extract status raw -o - "$work/answer.json" || echo nothing)
  if [ "$status" != Accepted ]; then
    echo "not notarised: Apple says '$status' of $file" >&2
    xcrun notarytool log "$(plutil -extract id raw -o - "$work/answer.json")" "${apple[@]}" >&2 || true
    exit 1
  fi
  echo "notarised $file"
done
