import { DashboardSkeleton } from '#components/dashboard/dashboard-skeleton.tsx'

export default function Loading() {
  return <DashboardSkeleton />
}
