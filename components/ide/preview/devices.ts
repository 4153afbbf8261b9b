/** What a preview can be looked at as: a window of that size, in CSS pixels; `fill` takes the room that there is. */
export const DEVICES = {
  fill: { title: 'Fill the panel' },
  phone: { title: 'Phone', width: 390, height: 844 },
  tablet: { title: 'Tablet', width: 820, height: 1180 },
  laptop: { title: 'Laptop', width: 1280, height: 800 },
} as const

export type Device = keyof typeof DEVICES

export const DEVICE_NAMES = ['fill', 'phone', 'tablet', 'laptop'] as const satisfies Device[]

interface Size {
  width: number
  height: number
}

/** Where a window of `size` lies in `room`: made smaller where it does not fit, and in the middle. */
export function fitted(size: Size, room: Size): { scale: number; left: number } {
  const scale = Math.min(1, room.width / size.width, room.height / size.height)
  return { scale, left: Math.max(0, Math.round((room.width - size.width * scale) / 2)) }
}
