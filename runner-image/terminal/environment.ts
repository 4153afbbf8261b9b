import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { OpenRequest } from '#protocol/adoption.ts'
import type { Variables } from '#protocol/variables.ts'
import { LAZY_COMPLETIONS } from '#protocol/shell-start.ts'
import type { RunnerEnv } from '../env.ts'
import { errnoOf } from '../errors.ts'

/** What a program in a terminal sees: nothing of the runner's own environment but HOME and PATH. */
export function shellEnvironment(
  env: RunnerEnv,
  opened: OpenRequest,
  variables: Variables = {},
): Record<string, string> {
  const ownPrograms = `${env.HOME}/.local/bin`
  const { username } = userInfo()
  const path = env.PATH.split(':').includes(ownPrograms) ? env.PATH : `${ownPrograms}:${env.PATH}`
  return {
    ...variables,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    LANG: 'C.UTF-8',
    HOME: env.HOME,
    USER: username,
    LOGNAME: username,
    SHELL: '/bin/bash',
    PATH: path,
    // A login shell's profile sets PATH anew; `.bash_profile` below puts ours back.
    DEVEX_PATH: path,
    // `npm install -g` lands in HOME, as `pip install --user` does by itself.
    npm_config_prefix: `${env.HOME}/.local`,
    REPL_ID: opened.repl,
    REPL_NAME: opened.replName.replaceAll('\0', ''),
    ...(opened.port !== undefined && { PORT: String(opened.port) }),
  }
}

/**
 * Gives an empty HOME its shell start-up files. What is there already is the user's and stays as it is. Done at once:
 * nothing else happens yet, and a way through the thread pool takes longer than each of these.
 */
export function prepareHome(home: string): void {
  mkdirSync(join(home, '.local/bin'), { recursive: true })
  const hasProfile = existsSync(join(home, '.bash_profile')) || existsSync(join(home, '.bash_login'))
  if (!hasProfile) writeNew(join(home, '.bash_profile'), BASH_PROFILE)
  writeNew(join(home, '.bashrc'), BASHRC)
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

const BASH_PROFILE = `# Read by login shells. Made by Devex; yours to change.
if [ -r ~/.profile ]; then . ~/.profile; fi
case $- in *i*) if [ -r ~/.bashrc ]; then . ~/.bashrc; fi ;; esac
# /etc/profile sets PATH anew: keep what this sandbox brings.
if [ -n "$DEVEX_PATH" ]; then
  case ":$PATH:" in *":$DEVEX_PATH:"*) ;; *) PATH="$DEVEX_PATH:$PATH" ;; esac
fi
export PATH
`

const BASHRC = `# Read by interactive shells. Made by Devex; yours to change.
PS1='\\[\\e[1;34m\\]\\w\\[\\e[0m\\] \\$ '
HISTCONTROL=ignoreboth
HISTSIZE=5000
shopt -s histappend checkwinsize
alias ls='ls --color=auto' grep='grep --color=auto' ll='ls -l'
# Completions are loaded at the first Tab that wants one: a prompt need not wait for them.
${LAZY_COMPLETIONS}
`
