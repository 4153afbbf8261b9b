/**
 * For what an interactive bash reads as it starts: completions are loaded at the first Tab that wants one, so that a prompt
 * does not wait for them. That Tab is then completed by what they say (bash(1), Programmable Completion).
 */
export const LAZY_COMPLETIONS = `if [ -z "$BASH_COMPLETION_VERSINFO" ] && ! shopt -oq posix && [ -r /usr/share/bash-completion/bash_completion ]; then
  _load_completions() { complete -r -D; . /usr/share/bash-completion/bash_completion && _completion_loader "$@"; }
  complete -D -F _load_completions -o bashdefault -o default
fi`
