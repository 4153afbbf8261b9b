import type { EventData, EventType } from '#protocol/messages.ts'

/** Tells every connection of an event. */
export type Publish = <T extends EventType>(event: T, data: EventData<T>) => void
