/** Shells that completion is there for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** A script for one shell. It knows no command: it hands the words to `packprobe __complete` and offers what that says. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

/**
 * Bash cuts words at `:` and `=`, and replaces only what stands behind the last of them: the words are read from the line again, and of each
 * candidate only the rest is given. Works without the bash-completion package, and in bash 3.2.
 */
const BASH = `# packprobe completion for bash: source <(packprobe completion bash)
_packprobe() {
  local line="\${COMP_LINE:0:COMP_POINT}" candidate current breaks= head= files=
  local -a words
  IFS=$' \\t' read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current="\${words[\${#words[@]}-1]}"
  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=':'
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
  [[ -n $breaks ]] && head="\${current%"\${current##*[$breaks]}"}"
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [[ $candidate == :files ]]; then
      files=1
    else
      candidate="\${candidate%%$'\\t'*}"
      COMPREPLY+=("\${candidate#"$head"}")
    fi
  done < <("\${COMP_WORDS[0]/#\\~/$HOME}" __complete -- "\${words[@]:1}" 2>/dev/null)
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "\${current#"$head"}")
  fi
}
complete -o nosort -F _packprobe packprobe 2>/dev/null || complete -F _packprobe packprobe
`;

const ZSH = `#compdef packprobe
# packprobe completion for zsh: packprobe completion zsh > "\${fpath[1]}/_packprobe", or source <(packprobe completion zsh) behind compinit
_packprobe() {
  local -a lines described
  local line files=0
  lines=("\${(@f)$("\${(Q)words[1]/#\\~/$HOME}" __complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  for line in "\${lines[@]}"; do
    case "$line" in
      :files) files=1 ;;
      *$'\\t'*) described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      ?*) described+=("\${line//:/\\\\:}") ;;
    esac
  done
  local found=1
  if (( \${#described} )); then _describe -V packprobe described && found=0; fi
  if (( files )); then _files && found=0; fi
  return found
}
if [[ "\${funcstack[1]}" == _packprobe ]]; then
  _packprobe "$@"
else
  compdef _packprobe packprobe
fi
`;

const FISH = `# packprobe completion for fish: packprobe completion fish > ~/.config/fish/completions/packprobe.fish
function __packprobe_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program __complete -- $words "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            printf '%s\\n' "$line"
        end
    end
end
complete -c packprobe -e
complete -c packprobe -f -k -a '(__packprobe_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
