/** A prompt as data: `text` has `{argument}` in the place of each argument. */
export interface PromptDefinition {
  name: string
  title: string
  description: string
  arguments: { name: string; description: string; required: boolean }[]
  text: string
}

/** Prompts that a client offers to people, in Claude Code as slash commands. */
export const promptDefinitions: PromptDefinition[] = [
  {
    name: 'setup_project',
    title: 'Set up a project',
    description: 'Begin a project in this REPL and get it running.',
    arguments: [{ name: 'goal', description: 'What it shall become.', required: true }],
    text: 'Set up a project in this REPL: {goal}\n\nLook at what is there first (repl_info, list_dir). Keep it small. Install what it needs, start it, wait until it answers (wait_for), and end with its preview_url.',
  },
  {
    name: 'debug_failure',
    title: 'Debug a failure',
    description: 'Find out why something fails and repair it.',
    arguments: [{ name: 'symptom', description: 'What happens, and what should.', required: true }],
    text: 'Something fails in this REPL: {symptom}\n\nReproduce it first with exec. Read the code that the error points to, find the cause, change as little as possible, and show that it works now.',
  },
  {
    name: 'explain_repl',
    title: 'Explain this project',
    description: 'What is in this REPL and how it runs.',
    arguments: [],
    text: 'Explain the project in this REPL to someone who opens it for the first time: what it does, how it is laid out, how it is run and tested. Read before you claim. Change nothing.',
  },
  {
    name: 'review_changes',
    title: 'Review changes',
    description: 'Review what was changed since a commit.',
    arguments: [{ name: 'base', description: 'Commit or branch to compare with. Default: HEAD.', required: false }],
    text: 'Review the changes in this REPL since {base}. Use git diff and read around each change. Name defects first, each with file and line and a way to show it. Change nothing.',
  },
  {
    name: 'write_tests',
    title: 'Write tests',
    description: 'Write tests for a file and run them.',
    arguments: [{ name: 'path', description: 'The file to test.', required: true }],
    text: 'Write tests for {path} in the style of the tests that are already in this project. Run them, and make sure that each fails when the code is broken.',
  },
]

/** What stands for an argument that was not given. */
export const promptDefaults: Record<string, string> = { base: 'HEAD' }
