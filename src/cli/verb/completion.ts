/** `completion`: the script by which a shell completes verbs, options, specs and variants; made from the table of verbs. */

import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { command, oneOf, optional, positional, string } from "cmd-ts";
import { thisMachine } from "../../host.js";
import { parse } from "../../normalize/versions.js";
import { isModule } from "../../source/module.js";
import { exit } from "../exit.js";
import { print } from "../terminal.js";
import { type Verb, type Verbs, verb } from "../verb.js";

/** Of all verbs, itself among them. */
export const completing = (verbs: Verbs): Verb =>
  verb((terminal) =>
    command({
      name: "completion",
      description:
        "Prints the script that completes in a shell. bash, zsh: source <(pspc completion bash); fish: pspc completion fish | source.",
      args: {
        what: positional({
          type: oneOf(["bash", "zsh", "fish", "variants"]),
          displayName: "SHELL",
          description: "bash, zsh or fish; `variants SPEC` is what the scripts ask",
        }),
        spec: positional({ type: optional(string), displayName: "SPEC" }),
      },
      handler: async ({ what, spec = "-" }) => {
        const words = what === "variants" ? variantsOf(spec) : scripts[what](await table(verbs));
        if (words !== "") print(terminal, words);
        return exit.ok;
      },
    }),
  );

/** Nothing is run, and nothing is said of what is wrong: somebody is typing. */
const variantsOf = (entry: string): string =>
  isModule(entry) ? "" : parse(thisMachine().read)({ entry }).variants.join("\n");

export interface Completed {
  readonly name: string;
  readonly summary: string;
  /** `--json`, in the order of the help. */
  readonly options: readonly string[];
}

/** What each verb's help says, and where that lists actions, theirs. */
export const table = async (verbs: Verbs): Promise<readonly Completed[]> =>
  Promise.all(
    Object.entries(verbs).map(async ([name, { summary, load }]) => {
      const run = await load();
      const help = await helpOf(run);
      const actions = [...help.matchAll(new RegExp(`^${name} ([a-z]+) [A-Z]`, "gm"))];
      const theirs = await Promise.all(actions.map(([, action = ""]) => helpOf(run, action)));
      const options = [help, ...theirs].flatMap((text) => text.match(/--[a-z][a-z-]*/g) ?? []);
      return { name, summary, options: [...new Set(options)] };
    }),
  );

const helpOf = async (run: Verb, ...action: readonly string[]): Promise<string> => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  await run({ out, err }, [...action, "--help"]);
  out.end();
  return (await buffer(out)).toString();
};

type Script = (verbs: readonly Completed[]) => string;

const namesOf = (all: readonly Completed[]): string => all.map(({ name }) => name).join(" ");

/** A branch of `case` for each verb that has options. */
const cases = (all: readonly Completed[], branch: (words: string) => string): string =>
  all
    .flatMap(({ name, options }) =>
      options.length === 0 ? [] : [`        ${name}) ${branch(options.join(" "))} ;;`],
    )
    .join("\n");

const bash: Script = (all) => `# bash completion of pspc: source <(pspc completion bash)
_pspc() {
  local IFS=$'\\n' cur=\${COMP_WORDS[COMP_CWORD]} words="" spec
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${namesOf(all)}"
  else
    case $cur in
      -*) case \${COMP_WORDS[1]} in
${cases(all, (words) => `words="${words}"`)}
      esac ;;
      *'#'*) spec=\${cur%'#'*}
        COMPREPLY=($("\${COMP_WORDS[0]}" completion variants "$spec" 2>/dev/null | while read -r name; do
          case $spec'#'$name in "$cur"*) printf '%s\\n' "$spec#$name" ;; esac
        done))
        return ;;
      *) COMPREPLY=($(compgen -d -- "$cur"; compgen -f -X '!*.@(yaml|yml|json|[cm][tj]s|[tj]s)' -- "$cur"))
        compopt -o filenames 2>/dev/null
        return ;;
    esac
  fi
  COMPREPLY=($(compgen -W "\${words// /$'\\n'}" -- "$cur"))
}
complete -o default -F _pspc pspc`;

const zsh: Script = (all) => `#compdef pspc
# zsh completion of pspc: source <(pspc completion zsh)
_pspc() {
  local cur=\${words[CURRENT]} spec
  if (( CURRENT == 2 )); then
    compadd -- ${namesOf(all)}
    return
  fi
  case $cur in
    -*) case \${words[2]} in
${cases(all, (words) => `compadd -- ${words}`)}
    esac ;;
    *\\#*) spec=\${\${(Q)cur}%\\#*}
      compadd -- $spec\\#\${^\${(f)"$(\${words[1]} completion variants $spec 2>/dev/null)"}} ;;
    *) _files -g '*.(yaml|yml|json|ts|js|mts|mjs|cts|cjs)(-.)' || _files ;;
  esac
}
compdef _pspc pspc`;

const fish: Script = (all) =>
  [
    "# fish completion of pspc: pspc completion fish | source",
    ...all.flatMap(({ name, summary, options }) => [
      `complete -c pspc -n __fish_use_subcommand -f -a ${name} -d '${summary.replaceAll("'", "\\'")}'`,
      ...options.map(
        (option) =>
          `complete -c pspc -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`,
      ),
    ]),
    `complete -c pspc -n 'string match -q "*#*" -- (commandline -ct)' -a '(set -l spec (string unescape -- (commandline -ct | string replace -r "#.*" "")); pspc completion variants $spec 2>/dev/null | string replace -r "^" "$spec#")'`,
  ].join("\n");

const scripts: Readonly<Record<"bash" | "zsh" | "fish", Script>> = { bash, zsh, fish };
