import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'

/** The bare server's process: keeps what it is brought in a file, and gives it. */

const [, , file = ''] = process.argv
const CHUNK_BYTES = 256 * 1024

const server = createServer((request, response) => {
  const done =
    request.method === 'PUT'
      ? pipeline(request, createWriteStream(file)).then(() => response.writeHead(201).end())
      : stat(file).then(({ size }) => {
          response.writeHead(200, { 'content-length': size })
          return pipeline(createReadStream(file, { highWaterMark: CHUNK_BYTES }), response)
        })
  done.catch(() => response.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') process.send?.({ port: address?.port })
})
process.on('disconnect', () => process.exit())
