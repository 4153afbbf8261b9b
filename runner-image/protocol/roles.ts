import * as z from 'zod'

/** What somebody may do in a repl. Each role includes the ones after it. */
export const ROLES = ['owner', 'editor', 'viewer'] as const
export const roleSchema = z.enum(ROLES)
export type Role = z.infer<typeof roleSchema>

/** Whether `role` includes everything that `needed` allows. */
export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(needed)
}
