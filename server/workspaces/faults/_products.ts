import { Product } from '#server/workspaces/faults/_product.ts'
import { PRODUCT_ROUNDS, REDIS_ROUNDS } from '#server/workspaces/faults/_product-rounds.ts'
import { merged } from '#server/workspaces/faults/_lanes.ts'
import type { Random } from '#server/workspaces/faults/_random.ts'
import { allOf, suffer } from '#server/workspaces/faults/_run.ts'
import type { Tally } from '#server/workspaces/faults/_run.ts'

const PEOPLE = 2

/** Several whole products that suffer at the same time, so that waiting overlaps; `count` faults in all. */
export async function sufferInProducts(options: { random: Random; products: number; count: number }): Promise<Tally> {
  const { random, products, count } = options
  const share = (index: number) => Math.floor(count / products) + (index < count % products ? 1 : 0)
  const parts = Array.from({ length: products }, (_, index) => ({ random: random.split(), count: share(index) }))
  return merged(
    await allOf(
      parts.map(async (part) => {
        await using product = await Product.start({ random: part.random, people: PEOPLE })
        const rounds = product.redis === undefined ? PRODUCT_ROUNDS : REDIS_ROUNDS
        const tally = await suffer(product, rounds, part)
        await product.end()
        return tally
      }),
    ),
  )
}
