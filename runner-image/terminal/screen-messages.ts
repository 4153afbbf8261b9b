/** A terminal's history for the worker thread: bytes, and the sizes it had, each from an offset in `bytes` on. */
export interface ScreenRequest {
  id: number
  bytes: Uint8Array
  sizes: { at: number; cols: number; rows: number }[]
}

export interface ScreenAnswer {
  id: number
  payload: Uint8Array
}
