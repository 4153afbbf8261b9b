const HUES = [1, 2, 3, 4, 5, 6, 7, 8] as const
export type PersonHue = (typeof HUES)[number]

/** The hue of a person or agent: always the same for one id. `--person-<hue>` is its colour. */
export function personHue(id: string): PersonHue {
  let hash = 0
  for (const character of id) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  return HUES[hash % HUES.length] ?? 1
}
