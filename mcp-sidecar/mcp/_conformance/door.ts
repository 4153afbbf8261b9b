import { InMemoryServerEventBus } from '@modelcontextprotocol/server'
import type { McpDoor } from '../../server.ts'
import { openMcpDoor as openDoor } from '../door.ts'
import type { DoorOptions } from '../door.ts'
import { stateCodec } from './asking.ts'
import { createConformancePack } from './pack.ts'

/** The product's door with what the conformance suites look for: a build for tests has it in the place of `door.ts`. */
export function openMcpDoor(options: DoorOptions): McpDoor {
  const bus = new InMemoryServerEventBus()
  return openDoor(options, {
    offers: [createConformancePack(bus)],
    bus,
    more: { requestState: { verify: (state, context) => stateCodec.verify(state, context) } },
  })
}
