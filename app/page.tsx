import { Landing } from '#components/site/landing.tsx'
import { visitor } from './visitor.ts'

export default async function Page() {
  const who = await visitor()
  return <Landing who={who?.kind === 'user' ? who : undefined} />
}
