/** The shells that completion is for. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

// Bash takes words apart at "=" and ":", so the whole line goes out, and what stands before the last of those comes off.
// Written for 3.2 too, which is what macOS has.
const BASH = `# bash completion of mcp-bridge: source <(mcp-bridge completion bash)
_mcp_bridge() {
  local line=\${COMP_LINE:0:COMP_POINT} current=\${COMP_WORDS[COMP_CWORD]} IFS=$'\\n'
  local typed=\${line##*[[:space:]]} candidate word
  case $current in = | :) current= ;; esac
  COMPREPLY=()
  while read -r candidate; do
    if [ "$candidate" = :files ]; then
      type compopt >/dev/null 2>&1 && compopt -o filenames
      COMPREPLY+=($(compgen -f -- "$current"))
    else
      word=\${candidate%%$'\\t'*}
      COMPREPLY+=("\${word#"\${typed%"$current"}"}")
    fi
  done < <(command mcp-bridge completion --line -- "$line" 2>/dev/null </dev/null)
}
complete -F _mcp_bridge mcp-bridge
`;

const ZSH = `#compdef mcp-bridge
# zsh completion of mcp-bridge: put it into a folder of $fpath as _mcp-bridge, or source it behind compinit
_mcp_bridge() {
  local -a candidates
  local line word files
  for line in "\${(@f)$(command mcp-bridge completion --words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null)}"; do
    if [[ $line == :files ]]; then
      files=1
    elif [[ -n $line ]]; then
      word=\${line%%$'\\t'*}
      if [[ $line == *$'\\t'* ]]; then
        candidates+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
      else
        candidates+=("\${word//:/\\\\:}")
      fi
    fi
  done
  (( $#candidates )) && _describe mcp-bridge candidates
  if [[ -n $files ]]; then
    # A file may stand behind the "=" of a flag.
    compset -P '*='
    _files
  fi
}
if [[ $funcstack[1] == _mcp-bridge ]]; then
  _mcp_bridge "$@"
else
  compdef _mcp_bridge mcp-bridge
fi
`;

const FISH = `# fish completion of mcp-bridge: put it into ~/.config/fish/completions/mcp-bridge.fish
function __mcp_bridge_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l found (command mcp-bridge completion --words -- $typed[2..-1] "$current" 2>/dev/null </dev/null)
    for line in $found
        if test "$line" = :files
            __fish_complete_path (string replace -r '^--[^=]+=' '' -- "$current")
        else
            printf '%s\\n' $line
        end
    end
end
complete -c mcp-bridge -f -a '(__mcp_bridge_complete)'
`;

const POWERSHELL =
  `# PowerShell completion of mcp-bridge: mcp-bridge completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'mcp-bridge', 'mcp-bridge.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $line = $commandAst.Extent.Text
    $length = $cursorPosition - $commandAst.Extent.StartOffset
    if ($length -gt $line.Length) { $line = $line + ' ' } else { $line = $line.Substring(0, $length) }
    mcp-bridge completion --line '--' $line 2>$null | ForEach-Object {
        $word, $about = $_ -split "\`t", 2
        # Without a candidate PowerShell names files by itself.
        if ($word -and $word -ne ':files') {
            if (-not $about) { $about = $word }
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
        }
    }
}
`;

/** What each shell is to read. */
export const SCRIPTS: Readonly<Record<typeof SHELLS[number], string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  powershell: POWERSHELL,
};
