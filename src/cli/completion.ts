/** `tidemark completion`: what a shell needs to complete commands, options, and the names of what is in the target. */
import { Argument, Command } from "commander";
import { candidates } from "./candidates.js";
import type { Shell } from "./shell.js";

/** What the scripts call; it isn't for people. */
export const COMPLETE = "complete-words";

/** Colons end a word in bash, and are part of the ids of streams: the line is split here, and what is there already cut off. */
const BASH = `_tidemark() {
  local line=\${COMP_LINE:0:COMP_POINT} words current prefix found IFS=$' \\t\\n'
  read -ra words <<<"$line"
  [[ $line == *" " ]] && words+=("")
  current=\${words[\${#words[@]}-1]}
  prefix=\${current%"\${current##*:}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r found _; do
    COMPREPLY+=("\${found#"$prefix"}")
  done < <("\${words[0]}" ${COMPLETE} -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _tidemark tidemark
`;

const ZSH = `#compdef tidemark
_tidemark() {
  local line found
  local -a described
  while IFS=$'\\t' read -r found line; do
    described+=("\${found//:/\\\\:}:$line")
  done < <("\${words[1]}" ${COMPLETE} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#described} )); then _describe tidemark described; else _files; fi
}
compdef _tidemark tidemark
`;

const FISH = `function __tidemark_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found ($words[1] ${COMPLETE} -- $words[2..] "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c tidemark -f -a '(__tidemark_complete)'
`;

const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;

export function completionCommand(shell: Shell): Command {
  const which = new Argument("<shell>", "which shell").choices(Object.keys(SCRIPTS));
  return new Command("completion")
    .description("what a shell needs to complete commands, options and names")
    .addArgument(which)
    .addHelpText(
      "after",
      `
Examples:
  source <(tidemark completion bash)                               # in ~/.bashrc
  source <(tidemark completion zsh)                                # in ~/.zshrc, behind compinit
  tidemark completion fish > ~/.config/fish/completions/tidemark.fish
`,
    )
    .action((name: keyof typeof SCRIPTS) => shell.write(SCRIPTS[name]));
}

/** A line for each thing that may stand in place of the last word, with its description behind a tab. */
export function completeCommand(shell: Shell, program: Command): Command {
  return new Command(COMPLETE).argument("[words...]").action(async (words: string[]) => {
    const found = await candidates(shell, program, words);
    const lines = found.map(({ text, about }) => `${text}\t${about}\n`);
    await shell.write(lines.join(""));
  });
}
