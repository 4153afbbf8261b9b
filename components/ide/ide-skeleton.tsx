import { Skeleton } from '#components/ui/skeleton.tsx'

const TREE_ROWS = ['w-24', 'w-32', 'w-20', 'w-28', 'w-16']

/** The outline of the workbench, in its final measures. */
export function IdeSkeleton() {
  return (
    <div aria-busy className="flex h-dvh flex-col bg-canvas">
      <output className="sr-only">Loading the workbench</output>
      <div className="flex h-11 shrink-0 items-center gap-3 border-b border-line bg-panel px-3">
        <Skeleton className="size-5" />
        <Skeleton className="h-3 w-32" />
        <Skeleton className="mx-auto h-7 w-20" />
        <Skeleton className="h-7 w-16" />
      </div>
      <div className="flex min-h-0 grow">
        <div className="hidden w-11 shrink-0 border-r border-line bg-panel md:block" />
        <div className="hidden w-60 shrink-0 flex-col gap-3 border-r border-line bg-panel px-4 py-4 md:flex">
          {TREE_ROWS.map((width) => (
            <Skeleton key={width} className={`h-3 ${width}`} />
          ))}
        </div>
        <div className="flex min-w-0 grow flex-col">
          <div className="h-9 shrink-0 border-b border-line bg-panel" />
          <div className="grow" />
          <div className="h-[38%] shrink-0 border-t border-line">
            <div className="h-9 border-b border-line bg-panel" />
          </div>
        </div>
      </div>
      <div className="h-6 shrink-0 border-t border-line bg-panel" />
    </div>
  )
}
