import { context } from '#server/global.ts'
import { answerMetrics } from '#server/metrics/answer-metrics.ts'

/** Figures of this process, for Prometheus. */
export function GET(request: Request): Promise<Response> {
  return answerMetrics(request, context())
}

export const dynamic = 'force-dynamic'
