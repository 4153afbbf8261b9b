/**
 * What Node is started with in a sandbox (`entry.sh` has them too): fewer threads and a smaller young generation, since a
 * sandbox's part is small and mostly waits.
 */
export const NODE_FLAGS = ['--max-semi-space-size=1', '--v8-pool-size=1']
