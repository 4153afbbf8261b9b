import { Code } from '#components/site/docs-text.tsx'

/** What an agent is here, and what people have over it. */
export function Agents() {
  return (
    <>
      <p>
        Every REPL has an address for agents, <Code>/r/…/mcp</Code>. The Agents panel has it ready to paste for Claude
        Code, Codex, Cursor, VS Code, Gemini CLI and opencode. The program opens a page here, on which you say for which
        REPL and what it may do: read, write files, run commands. For machines where nobody can sign in, make a token.
      </p>
      <p>
        An agent works where you work. Its commands run in terminals that you can watch, type into and stop; each call
        stands in the panel, with who made it. Before its first change a snapshot is taken:{' '}
        <b className="font-medium text-text">Changes</b> shows what is otherwise since, and{' '}
        <b className="font-medium text-text">Undo this run</b> goes back to it; what is there then is kept, too.
      </p>
      <p>Cut an agent off in the panel or in the settings: what it has under way ends at once.</p>
    </>
  )
}

/** Where the past of a REPL is, and what can be done with it. */
export function History() {
  return (
    <>
      <p>
        The History panel has the snapshots of a REPL: all of the last hour, then fewer the older they are, and those
        that you gave a name for as long as you like. Take one before something daring with{' '}
        <b className="font-medium text-text">Take a checkpoint</b>.
      </p>
      <p>
        Look at what has changed since, bring back one file or all of them, fork a new REPL from it, or download it as
        zip or tar.gz. This works while the REPL sleeps, and when it could not be started, too.
      </p>
    </>
  )
}

/** How what runs is seen. */
export function Previews() {
  return (
    <>
      <p>
        What listens on a port has a preview at an address of its own, so that your program needs no other paths and
        sees nothing of your sign-in here. It is for the people of the REPL until the owner makes the port public in the
        Ports panel; then anyone with the address can see it.
      </p>
      <p>
        A preview wakes a REPL that sleeps. WebSockets and hot reloading work. The picture at the end of the bar shows
        it in the size of a phone, a tablet or a laptop.
      </p>
    </>
  )
}
