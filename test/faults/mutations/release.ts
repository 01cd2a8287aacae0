/** What the promises of part D rest on: build and release. */
import type { Row } from "./mutation.ts";

/** By the entries of the catalogue. */
export const RELEASE: readonly Row[] = [
  [
    "D1",
    "nothing but the source",
    "../scripts/build.ts",
    "`BUILD_VERSION=${JSON.stringify(version)}`",
    "`BUILD_VERSION=${JSON.stringify(crypto.randomUUID())}`",
    "faults/d_build_test.ts",
  ],
  [
    "D2",
    "the checksums",
    "../scripts/release/faults.ts",
    "else if (sums.get(name) !== await sha256Of(join(folder, name))) {",
    "else if (false) {",
    "unit/release/faults_test.ts",
  ],
  [
    "D3",
    "what Apple says",
    "../scripts/release/sign_macos.sh",
    'if [ "$status" != Accepted ]; then',
    "if false; then",
    "unit/release/signing_test.ts",
  ],
  [
    "D4",
    "no means of tests",
    "main.ts",
    "const START_MS = 1_000;",
    'const START_MS = Number(process.env["TEST_COUNTS"] ?? 1_000);',
    "faults/d_build_test.ts",
  ],
  ["D5", "a version is one", "../package.json", '"mri": "1.2.0"', '"mri": "^1.2.0"', "faults/d_build_test.ts"],
  [
    "D6",
    "an action is a commit",
    "../.github/workflows/release.yml",
    "actions/attest-build-provenance@977bb373ede98d70efdf65b84cb5f73e068dcc2a",
    "actions/attest-build-provenance@v3",
    "faults/d_build_test.ts",
  ],
  ["D7", "a reason for each dependency", "../README.md", "| `mri` |", "| `mri2` |", "faults/d_build_test.ts"],
  [
    "D8",
    "the version that is built in",
    "../scripts/build.ts",
    "`BUILD_VERSION=${JSON.stringify(version)}`",
    '`BUILD_VERSION="9.9.9"`',
    "binary/command_line_test.ts",
  ],
  [
    "D9",
    "what the bill names",
    "../scripts/release/sbom.ts",
    "    bom.components.add(part);\n",
    "",
    "unit/release/bill_test.ts",
  ],
  [
    "D10",
    "a later format",
    "vault/store.ts",
    "if (this.format > FORMAT) {",
    "if (false) {",
    "faults/c29_formats_test.ts",
  ],
];
