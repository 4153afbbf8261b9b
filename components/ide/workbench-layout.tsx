'use client'

import { DesktopLayout } from './desktop-layout.tsx'
import { PhoneLayout } from './phone-layout.tsx'
import { useIsPhone } from './use-is-phone.ts'

/** The workbench in the shape that the window has room for. */
export function WorkbenchLayout() {
  return useIsPhone() ? <PhoneLayout /> : <DesktopLayout />
}
