import { Code } from '#components/site/docs-text.tsx'

/** What terminals do besides what every terminal does. */
export function Terminals() {
  return (
    <>
      <p>
        Terminals belong to the REPL: everyone in it sees the same ones, and they go on while nobody looks. A page that
        comes back gets all that was printed meanwhile. The size is that of whoever typed last; for the others the
        screen is drawn as small as it must be.
      </p>
      <p>
        Split one to have two side by side. <Code>Ctrl</Code> and a click on a path opens the file, at its line where
        one is named; on an address, the preview. Closing a terminal or restarting its shell asks first where something
        runs in it. In the settings, what you select can be copied at once.
      </p>
      <p>
        On a phone or a tablet there is a row of keys below, with <b className="font-medium text-text">Copy</b>, which
        shows the output as text, and <b className="font-medium text-text">Paste</b>.
      </p>
    </>
  )
}

/** What of Git can be done outside a terminal. */
export function GitChapter() {
  return (
    <>
      <p>
        Where the workspace is a Git repository, the tree and the Changes panel show what is otherwise than in the last
        commit; a click shows both beside each other. Tick what to commit, say why, and press{' '}
        <b className="font-medium text-text">Commit</b>: it runs in a terminal, so that hooks can be read and answered.
        Discarding a change moves the file to the trash first, and can be undone.
      </p>
      <p>Fetching and pushing is done in a terminal, with the credentials that you have there.</p>
    </>
  )
}
