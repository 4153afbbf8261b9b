import { join } from 'node:path'
import { askGit } from './git.ts'
import { exists } from './workspace.ts'
import type { Workspace } from './workspace.ts'

const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** Paths after which a question takes no further folder. */
const MANY_PATHS = 5000

interface Question {
  paths: string[]
  answer: (ignored: Set<string>) => void
}

/** Asks git one question at a time: folders that are listed meanwhile, as a page does when it opens, are the next one. */
class IgnoreQuestions {
  readonly #root: string
  readonly #waiting: Question[] = []
  #isAsking = false

  constructor(root: string) {
    this.#root = root
  }

  async ask(paths: string[]): Promise<Set<string>> {
    return new Promise((answer) => {
      this.#waiting.push({ paths, answer })
      if (!this.#isAsking) void this.#askAll()
    })
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true
    for (let together = this.#take(); together.length > 0; together = this.#take()) await this.#answer(together)
    this.#isAsking = false
  }

  #take(): Question[] {
    const taken: Question[] = []
    for (let paths = 0; paths < MANY_PATHS;) {
      const question = this.#waiting.shift()
      if (question === undefined) break
      taken.push(question)
      paths += question.paths.length
    }
    return taken
  }

  async #answer(questions: Question[]): Promise<void> {
    const ignored = await this.#askGit(questions.flatMap(({ paths }) => paths))
    if (ignored !== undefined || questions.length === 1) {
      for (const { answer } of questions) answer(ignored ?? new Set())
      return
    }
    // Git refuses all for one, such as a folder behind a symbolic link.
    for (const question of questions) await this.#answer([question])
  }

  async #askGit(paths: string[]): Promise<Set<string> | undefined> {
    const answer = await askGit({
      folder: this.#root,
      args: ['check-ignore', '-z', '--stdin'],
      input: [...new Set(paths)].join('\0'),
      maxBytes: MAX_ANSWER_BYTES,
    })
    return answer === undefined ? undefined : new Set(answer.split('\0').filter((path) => path !== ''))
  }
}

const questionsOf = new WeakMap<Workspace, IgnoreQuestions>()

/** Those of `paths` that git ignores; none where the workspace is no repository. */
export async function ignoredAmong(workspace: Workspace, paths: string[]): Promise<Set<string>> {
  if (paths.length === 0 || !exists(join(workspace.root, '.git'))) return new Set()
  const questions = questionsOf.get(workspace) ?? new IgnoreQuestions(workspace.root)
  questionsOf.set(workspace, questions)
  return questions.ask(paths)
}
