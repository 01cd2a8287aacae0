/** The formula of Homebrew, for macOS and Linux. */
import { COMPLETIONS, MAN_PAGE } from "./contents.ts";
import { type Download, downloadOf } from "./downloads.ts";
import type { Product } from "./product.ts";

/** The text of `mcp-bridge.rb`; `sums` are the checksums by file. */
export function homebrewFormula(product: Product, sums: ReadonlyMap<string, string>): string {
  const block = (name: string): string => source(downloadOf(product, sums, name));
  return `# frozen_string_literal: true

# Made by scripts/release.ts; changes belong there.
class McpBridge < Formula
  desc ${ruby(product.description.replace(/\.$/, ""))}
  homepage ${ruby(product.homepage)}
  version ${ruby(product.version)}
  license ${ruby(product.license)}

  on_macos do
    on_arm do
${block("darwin-arm64")}
    end
    on_intel do
${block("darwin-x64")}
    end
  end

  on_linux do
    on_arm do
${block("linux-arm64")}
    end
    on_intel do
${block("linux-x64-baseline")}
    end
  end

  def install
    bin.install "mcp-bridge"
    man1.install ${ruby(MAN_PAGE)}
    bash_completion.install ${ruby(COMPLETIONS.bash)} => "mcp-bridge"
    zsh_completion.install ${ruby(COMPLETIONS.zsh)}
    fish_completion.install ${ruby(COMPLETIONS.fish)}
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/mcp-bridge --version").strip
  end
end
`;
}

function source({ url, sha256 }: Download): string {
  return `      url ${ruby(url)}\n      sha256 ${ruby(sha256)}`;
}

/** A text as Ruby writes it, without what it would put into it. */
function ruby(text: string): string {
  return JSON.stringify(text).replaceAll("#", "\\#");
}
