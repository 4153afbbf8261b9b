/** Something that is made when it is first asked for, and ended if it was made. A failure is forgotten: the next call tries again. */
export function onceAsked<T extends AsyncDisposable>(
  make: () => Promise<T>,
): { get: () => Promise<T>; end: () => Promise<void> } {
  let made: Promise<T> | undefined
  return {
    get: () => {
      made ??= make().catch((error: unknown) => {
        made = undefined
        throw error
      })
      return made
    },
    end: async () => {
      await made?.then(
        (each) => each[Symbol.asyncDispose](),
        () => undefined,
      )
    },
  }
}
