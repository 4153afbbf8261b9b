import { Skeleton } from '#components/ui/skeleton.tsx'

const ROWS = [0, 1, 2, 3, 4]

/** The dashboard's places, in their sizes, while the list is read. */
export function DashboardSkeleton() {
  return (
    <div aria-busy>
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-xl font-semibold tracking-tight">REPLs</h1>
        <Skeleton className="order-last h-8 w-full rounded-md sm:order-none sm:ml-auto sm:w-64" />
        <Skeleton className="ml-auto h-8 w-32 rounded-md sm:ml-0" />
      </div>
      <output className="sr-only">Loading your REPLs</output>
      <div className="mt-6">
        <Skeleton className="mb-3.5 h-3.5 w-16" />
        <div className="divide-y divide-line rounded-lg border border-line">
          {ROWS.map((row) => (
            <div key={row} className="flex h-13 items-center gap-4 px-3">
              <Skeleton className="size-7 rounded-md" />
              <Skeleton className="h-3.5 w-40" />
              <Skeleton className="ml-auto h-3.5 w-24" />
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}
