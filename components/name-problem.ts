import { displayNameSchema } from '#protocol/display-name.ts'

/** Why `name` cannot be the name of something, as a sentence; `undefined` where it can. */
export function nameProblem(name: string): string | undefined {
  const [issue] = displayNameSchema.safeParse(name).error?.issues ?? []
  return issue === undefined ? undefined : `This cannot be a name: ${issue.message}.`
}
