import type { z } from 'zod'
import { events, requests } from '#protocol/messages.ts'
import type { EventData, EventType, RequestResult, RequestType } from '#protocol/messages.ts'

/** The protocol's tables, seen so that the compiler ties each name to its own schema. */
const requestSchemas: { [T in RequestType]: { result: z.ZodType<RequestResult<T>> } } = requests
const eventSchemas: { [T in EventType]: z.ZodType<EventData<T>> } = events

/** The result of a request, parsed by the request's own schema. */
export function parseResult<T extends RequestType>(type: T, value: unknown): RequestResult<T> {
  return requestSchemas[type].result.parse(value)
}

/** The data of an event, parsed by the event's own schema. */
export function parseEvent<T extends EventType>(type: T, value: unknown): EventData<T> {
  return eventSchemas[type].parse(value)
}
